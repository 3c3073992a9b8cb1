#include "env/uv_runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/strings.h"
#include "env/secrets.h"
#include "env/uv_words.h"
#include "json/value.h"

namespace rw::env {
namespace {
/// Each uses several cores and connections by itself.
constexpr size_t kMostAtOnce = 4;
constexpr int64_t kDelayFactors[] = {1, 3};
constexpr size_t kMostWords = 64 << 10;
constexpr size_t kMostHead = 8 << 10;

/// "3 s", "0.01 s".
std::string SecondsText(int64_t ms) {
  json::Value seconds =
      ms % 1000 == 0 ? json::Value(ms / 1000) : json::Value(static_cast<double>(ms) / 1000);
  return json::Write(seconds) + " s";
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
    // A failed build may print without end: of that only the last lines are looked at.
    if (failing && words.size() > kMostHead) {
      flood += std::exchange(partial, {});
      flood += bytes;
      if (flood.size() > 4 * kMostWords) flood.erase(0, flood.size() - kMostWords);
      return;
    }
    partial += bytes;
    size_t end = partial.rfind('\n');
    if (end == std::string::npos) return;
    Emit(partial.substr(0, end + 1));
    partial.erase(0, end + 1);
  }
  void FlushPartial() {
    if (flood.size() >= kMostWords) flood.erase(0, flood.find('\n') + 1);
    partial.insert(0, std::exchange(flood, {}));
    while (partial.ends_with('\n')) partial.pop_back();
    if (!partial.empty()) Emit(partial + "\n");
    partial.clear();
  }
  void Emit(std::string_view lines) {
    std::string masked = MaskUserInfo(Utf8Lossy(lines));
    Keep(words, masked);
    std::string shown;
    for (const std::string& line : Split(masked, '\n')) {
      failing = failing || line.starts_with("error");
      // "Using Python … environment at: …" names a folder that is gone when the build is published.
      if (line.empty() || line.starts_with("Using Python ")) continue;
      if (failing) {
        Keep(held, line + "\n");
      } else {
        shown += line + "\n";
      }
    }
    if (!shown.empty() && log) log(shown);
  }
  /// A build may print without end: the beginning, which names it, and the last lines are kept.
  static void Keep(std::string& text, std::string_view more) {
    text.append(more);
    if (text.size() <= 2 * kMostWords) return;
    size_t head = text.find('\n', kMostHead);
    size_t tail = text.find('\n', text.size() - kMostWords);
    if (head == std::string::npos || tail == std::string::npos || tail <= head) {
      text.erase(kMostHead, text.size() - kMostHead - kMostWords);
    } else {
      text.erase(head + 1, tail - head);
    }
  }
  /// What was being built when it was ended.
  void SayTimeout() {
    std::string name;
    for (const std::string& line : Split(words, '\n')) {
      std::string_view text = Trim(line);
      if (text.starts_with("Building ")) name = text.substr(9);
      if (text.starts_with("Built ") && text.substr(6) == name) name.clear();
    }
    Emit("error: " + (name.empty() ? "uv was ended" : "Failed to build `" + name + "`") +
         "\n  cause: it took longer than " + SecondsText(command.limit_ms) +
         ", the limit (RUNWRIGHT_BUILD_SECONDS of the server)\n");
  }
  /// The error of a try that is the last one; of the others only the cause is told.
  void EmitHeld() {
    if (!held.empty() && log) log(held);
    held.clear();
  }
  bool user_retries() const { return command.variables.contains("UV_HTTP_RETRIES"); }

  const uint64_t id;
  UvCommand command;
  Log log;
  Done done;
  std::vector<UvTry> tries;
  std::string partial;
  std::string flood;
  std::string words;  // of this try
  std::string held;   // its lines from the error on
  bool failing = false;
  std::string online_words;  // of the last try with network: its cause is the one to name
  std::unique_ptr<os::StreamProcess> process;
  TimerId timer = 0;
  TimerId limit = 0;
  bool timed_out = false;
};

UvRunner::UvRunner(Loop& loop, std::string program, int64_t retry_delay_ms, Wrap wrap)
    : loop_(loop),
      program_(std::move(program)),
      retry_delay_ms_(retry_delay_ms),
      wrap_(std::move(wrap)) {}

UvRunner::~UvRunner() {
  for (auto& [id, job] : jobs_) {
    if (job->timer != 0) loop_.Cancel(job->timer);
    if (job->limit != 0) loop_.Cancel(job->limit);
  }
}

void UvRunner::Run(UvCommand command, Log log, Done done) {
  if (program_.empty())
    return done(
        Error(Code::kFailedPrecondition,
              "uv is not there: put it beside the server's program or on its PATH (`make build` "
              "or `pip install uv`), then submit again"));
  if (!log) log = [](std::string_view) {};
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
  Status wrapped = wrap_ ? wrap_(spec) : Ok();
  if (!wrapped)
    return loop_.Post("uv.unwrapped", [this, weak, error = wrapped.error()] {
      if (auto strong = weak.lock()) Ended(strong, error);
    });
  os::StreamProcess::Callbacks callbacks;
  callbacks.on_stderr = [weak](const std::string& bytes) {
    if (auto strong = weak.lock()) strong->OnStderr(bytes);
  };
  callbacks.on_exit = [this, weak](Result<os::CommandResult> result) {
    if (auto strong = weak.lock()) Ended(strong, std::move(result));
  };
  job->process = os::StartStreamProcess(loop_, std::move(spec), std::move(callbacks));
  if (job->command.limit_ms == 0) return;
  job->limit = loop_.After("uv.limit", std::chrono::milliseconds(job->command.limit_ms), [weak] {
    auto strong = weak.lock();
    if (!strong || !strong->process) return;
    strong->limit = 0;
    strong->timed_out = true;
    strong->process->Kill();
  });
}

void UvRunner::Ended(const std::shared_ptr<Job>& job, Result<os::CommandResult> result) {
  job->process.reset();
  if (job->limit != 0) loop_.Cancel(std::exchange(job->limit, 0));
  job->FlushPartial();
  if (job->timed_out) job->SayTimeout();
  auto finish = [&](Result<UvOutcome> outcome) {
    job->EmitHeld();
    jobs_.erase(job->id);
    Next();
    job->done(std::move(outcome));
  };
  if (!result) return finish(result.error());
  const UvTry last = job->tries.back();
  if (result->exit_code == 0) {
    if (last.offline) job->log("Done from uv's cache, without the network\n");
    return finish(UvOutcome{true, std::move(result->out), job->words});
  }
  if (!last.offline) job->online_words = job->words;
  UvTry next;
  if (job->command.once || job->timed_out || result->exit_code > 128 ||
      !NextTry(job->tries, job->words, retry_delay_ms_, &next)) {
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
