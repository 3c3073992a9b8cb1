#include "env/uv_runner.h"

#include <algorithm>
#include <chrono>

#include "base/strings.h"
#include "env/secrets.h"
#include "env/uv_words.h"
#include "json/value.h"

namespace rw::env {
namespace {
/// Each uses several cores and connections by itself.
constexpr size_t kMostAtOnce = 4;
constexpr int64_t kDelayFactors[] = {1, 3};

/// "3 s", "0.01 s".
std::string SecondsText(int64_t ms) {
  json::Value seconds =
      ms % 1000 == 0 ? json::Value(ms / 1000) : json::Value(static_cast<double>(ms) / 1000);
  return json::Write(seconds) + " s";
}
}  // namespace

namespace {
constexpr size_t kMostLine = 64 << 10;
constexpr size_t kMostTold = 4 << 20;
constexpr size_t kEnd = 256 << 10;

/// A package's build may print a hundred megabytes: what it said first and last is enough.
void KeepEnds(std::string& text) {
  if (text.size() > 4 * kEnd) text.replace(kEnd, text.size() - 2 * kEnd, "\n…\n");
}

std::string LastLinesOf(const std::string& text) {
  constexpr size_t kLines = 10;
  std::vector<std::string> lines = Split(Trim(text), '\n');
  if (lines.size() > kLines)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kLines));
  return Join(lines, "\n");
}
}  // namespace

bool NextTry(const std::vector<UvTry>& failed, std::string_view words, int64_t retry_delay_ms,
             UvTry* next) {
  if (failed.empty()) {
    *next = UvTry{};
    return true;
  }
  // What the cache lacks says nothing about the network: the first try did.
  bool last_offline = failed.back().offline;
  UvFailure failure = last_offline ? UvFailure::kConnection : Classify(words);
  if (failure != UvFailure::kConnection && failure != UvFailure::kTransient) return false;
  bool tried_offline =
      std::any_of(failed.begin(), failed.end(), [](const UvTry& t) { return t.offline; });
  if (failure == UvFailure::kConnection && !tried_offline) {
    *next = UvTry{true, 0, 0};
    return true;
  }
  size_t online = failed.size() - (tried_offline ? 1 : 0);
  if (online > std::size(kDelayFactors)) return false;
  *next = UvTry{false, kDelayFactors[online - 1] * retry_delay_ms, 1};
  return true;
}

class UvRunner::Job {
 public:
  Job(uint64_t id_, UvCommand command_, Log log_, Done done_)
      : id(id_), command(std::move(command_)), log(std::move(log_)), done(std::move(done_)) {}

  void OnStderr(const std::string& bytes) {
    partial += bytes;
    size_t end = partial.rfind('\n');
    if (end == std::string::npos && partial.size() < kMostLine) return;
    if (end == std::string::npos) end = partial.size() - 1;
    Emit(partial.substr(0, end + 1));
    partial.erase(0, end + 1);
  }
  void FlushPartial() {
    if (!partial.empty()) Emit(partial + "\n");
    partial.clear();
  }
  void Emit(std::string_view lines) {
    std::string masked = MaskUserInfo(Utf8Lossy(lines));
    words += masked;
    KeepEnds(words);
    std::string shown;
    for (const std::string& line : Split(masked, '\n')) {
      failing = failing || line.starts_with("error");
      // "Using Python … environment at: …" names a folder that is gone when the build is published.
      if (line.empty() || line.starts_with("Using Python ")) continue;
      (failing ? held : shown) += line + "\n";
      std::string step = failing ? "" : steps.After(line);
      if (!step.empty() && command.step) command.step(step);
    }
    KeepEnds(held);
    Show(shown);
  }
  void Show(const std::string& lines) {
    if (lines.empty() || !log) return;
    size_t before = told;
    told += lines.size();
    if (told <= kMostTold) return log(lines);
    if (before <= kMostTold) log("… (more than a log should hold; an error's last lines follow)\n");
  }
  /// The error of a try that is the last one; of the others only the cause is told.
  void EmitHeld() {
    if (!held.empty() && log) log(held);
    told = 0;
    held.clear();
  }
  bool user_retries() const { return command.variables.contains("UV_HTTP_RETRIES"); }

  const uint64_t id;
  UvCommand command;
  Log log;
  Done done;
  std::vector<UvTry> tries;
  std::string partial;
  std::string words;  // of this try
  std::string held;   // its lines from the error on
  bool failing = false;
  UvSteps steps;
  size_t told = 0;  // bytes of this try's log
  bool overdue = false;
  TimerId watch = 0;
  std::string online_words;  // of the last try with network: its cause is the one to name
  std::unique_ptr<os::StreamProcess> process;
  TimerId timer = 0;
};

UvRunner::UvRunner(Loop& loop, std::string program, int64_t retry_delay_ms)
    : loop_(loop), program_(std::move(program)), retry_delay_ms_(retry_delay_ms) {}

UvRunner::~UvRunner() {
  for (auto& [id, job] : jobs_) {
    if (job->timer != 0) loop_.Cancel(job->timer);
    if (job->watch != 0) loop_.Cancel(job->watch);
  }
}

void UvRunner::Watch(const std::shared_ptr<Job>& job) {
  job->watch = loop_.After("uv.limit", std::chrono::milliseconds(job->command.limit_ms),
                           [weak = std::weak_ptr<Job>(job)] {
                             auto strong = weak.lock();
                             if (!strong) return;
                             strong->watch = 0;
                             strong->overdue = true;
                             if (strong->process) strong->process->Kill();
                           });
}

void UvRunner::Run(UvCommand command, Log log, Done done) {
  if (program_.empty())
    return done(
        Error(Code::kFailedPrecondition,
              "uv is not there: put it beside the server's program or on its PATH (`make build` "
              "or `pip install uv`), then submit again"));
  waiting_.push_back(
      std::make_shared<Job>(next_id_++, std::move(command), std::move(log), std::move(done)));
  Next();
}

void UvRunner::Next() {
  while (!waiting_.empty() && jobs_.size() < kMostAtOnce) {
    std::shared_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    jobs_[job->id] = job;
    job->tries.push_back(UvTry{});
    Watch(job);
    Start(job);
  }
}

void UvRunner::Start(const std::shared_ptr<Job>& job) {
  const UvTry& attempt = job->tries.back();
  job->timer = 0;
  job->words.clear();
  job->held.clear();
  job->failing = false;
  os::LaunchSpec spec;
  spec.argv = {program_};
  spec.argv.insert(spec.argv.end(), job->command.arguments.begin(), job->command.arguments.end());
  if (attempt.offline) spec.argv.emplace_back("--offline");
  Variables variables = job->command.variables;
  if (!job->user_retries()) variables["UV_HTTP_RETRIES"] = std::to_string(attempt.http_retries);
  spec.environment = ToEntries(variables);
  spec.working_dir = job->command.working_dir;
  std::weak_ptr<Job> weak = job;
  os::StreamProcess::Callbacks callbacks;
  callbacks.on_stderr = [weak](const std::string& bytes) {
    if (auto strong = weak.lock()) strong->OnStderr(bytes);
  };
  callbacks.on_exit = [this, weak](Result<os::CommandResult> result) {
    if (auto strong = weak.lock()) Ended(strong, std::move(result));
  };
  job->process = os::StartStreamProcess(loop_, std::move(spec), std::move(callbacks));
}

void UvRunner::Ended(const std::shared_ptr<Job>& job, Result<os::CommandResult> result) {
  job->process.reset();
  job->FlushPartial();
  auto finish = [&](Result<UvOutcome> outcome) {
    if (job->watch != 0) loop_.Cancel(job->watch);
    job->EmitHeld();
    jobs_.erase(job->id);
    Next();
    job->done(std::move(outcome));
  };
  if (!result) return finish(result.error());
  if (job->overdue)
    return finish(Error(Code::kDeadlineExceeded,
                        "uv came to no end in " + SecondsText(job->command.limit_ms) +
                            " and was ended (server --build-limit); it said at last:\n" +
                            LastLinesOf(job->words)));
  const UvTry last = job->tries.back();
  if (result->exit_code == 0) {
    if (last.offline) job->log("Done from uv's cache, without the network\n");
    return finish(UvOutcome{true, std::move(result->out), job->words});
  }
  if (!last.offline) job->online_words = job->words;
  UvTry next;
  if (result->exit_code > 128 || !NextTry(job->tries, job->words, retry_delay_ms_, &next)) {
    if (job->words.empty() && result->exit_code > 128)
      job->words =
          "error: uv was ended by signal " + std::to_string(result->exit_code - 128) + "\n";
    return finish(UvOutcome{false, "", last.offline ? job->online_words : job->words});
  }
  std::string cause = CauseOf(job->online_words);
  job->log(next.offline ? "The package index was not reached (" + cause + "); trying uv's cache\n"
                        : "Trying again in " + SecondsText(next.delay_ms) + " (" + cause + ")\n");
  job->tries.push_back(next);
  std::weak_ptr<Job> weak = job;
  job->timer = loop_.After("uv.retry", std::chrono::milliseconds(next.delay_ms), [this, weak] {
    if (auto strong = weak.lock()) Start(strong);
  });
}

}  // namespace rw::env
