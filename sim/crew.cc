#include "sim/crew.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "sim/scenario.h"

namespace rw::sim {
namespace {

void RunOne(uint64_t seed, Report& report) {
  Outcome outcome = RunScenario(seed);
  report.seeds++;
  report.trace_hash = outcome.trace_hash;
  for (const auto& [point, hits] : outcome.coverage.hits()) report.coverage.Add(point, hits);
  if (outcome.violated.empty()) return;
  report.failed++;
  for (const std::string& invariant : outcome.violated)
    std::printf("violated: %s seed=%llu trace=%016llx\n", invariant.c_str(),
                static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(outcome.trace_hash));
  std::fflush(stdout);
}

/// Seeds are dealt out one by one, so that expensive ones are shared fairly.
Report RunShare(const Job& job, int index) {
  Report report;
  for (uint64_t seed = job.first + static_cast<uint64_t>(index); seed <= job.last;
       seed += static_cast<uint64_t>(job.processes)) {
    RunOne(seed, report);
    if (job.stop_at_first && report.failed > 0) break;
  }
  return report;
}

/// What a process tells its parent: "seeds failed", then a line for each point.
void Write(const Report& report, int fd) {
  std::string text = std::to_string(report.seeds) + " " + std::to_string(report.failed) + "\n";
  for (const auto& [point, hits] : report.coverage.hits()) {
    text += point;
    text += ' ';
    text += std::to_string(hits);
    text += '\n';
  }
  for (size_t at = 0; at < text.size();) {
    ssize_t n = write(fd, text.data() + at, text.size() - at);
    if (n <= 0) return;
    at += static_cast<size_t>(n);
  }
}

void Read(int fd, Report& sum) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  bool first = true;
  for (const std::string& line : Split(text, '\n')) {
    auto words = Split(line, ' ');
    if (words.size() != 2) continue;
    int64_t number = ParseInt(words[1]).value_or(0);
    if (first) {
      sum.seeds += ParseInt(words[0]).value_or(0);
      sum.failed += number;
    } else {
      sum.coverage.Add(words[0], number);
    }
    first = false;
  }
}

}  // namespace

Report RunSeeds(const Job& job) {
  if (job.processes <= 1 || job.first == job.last) {
    Job alone = job;
    alone.processes = 1;
    return RunShare(alone, 0);
  }
  std::vector<std::pair<pid_t, int>> children;
  std::fflush(stdout);
  for (int index = 0; index < job.processes; index++) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      Write(RunShare(job, index), ends[1]);
      _exit(0);
    }
    close(ends[1]);
    children.emplace_back(pid, ends[0]);
  }
  Report sum;
  for (auto [pid, fd] : children) {
    Read(fd, sum);
    close(fd);
    int status = 0;
    waitpid(pid, &status, 0);
    // A simulated process that fell over took its simulator along: that is a violation, too.
    if (WIFEXITED(status)) continue;
    std::printf("violated: no_crash (a process ended by signal %d)\n", WTERMSIG(status));
    sum.failed++;
  }
  return sum;
}

}  // namespace rw::sim
