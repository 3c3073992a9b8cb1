#include "env/uv_runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/strings.h"
#include "env/uv_screen.h"
#include "env/uv_words.h"
#include "json/value.h"

namespace rw::env {
namespace {
/// Each uses several cores and connections by itself.
constexpr size_t kMostAtOnce = 4;
constexpr size_t kMostWords = 64 << 10;
constexpr size_t kMostHead = 8 << 10;
constexpr std::chrono::milliseconds kStepPause(250);
constexpr int kKilled = 128 + 9;

/// "3 s", "0.01 s".
std::string SecondsText(int64_t ms) {
  json::Value seconds =
      ms % 1000 == 0 ? json::Value(ms / 1000) : json::Value(static_cast<double>(ms) / 1000);
  return json::Write(seconds) + " s";
}
}  // namespace

class UvRunner::Job {
 public:
  Job(Loop& loop_, uint64_t id_, UvCommand command_, Log log_, Done done_)
      : loop(loop_),
        id(id_),
        command(std::move(command_)),
        log(std::move(log_)),
        done(std::move(done_)) {}
  ~Job() {
    for (TimerId one : {retry_timer, step_timer})
      if (one != 0) loop.Cancel(one);
  }

  /// What a terminal was given, as lines.
  std::string OnScreen(std::string_view bytes) {
    std::string lines = screen.Read(bytes);
    if (screen.downloads() != downloads) {
      downloads = screen.downloads();
      SayStep(steps.Fetching(downloads));
    }
    return lines;
  }
  void Emit(std::string_view lines) {
    Keep(words, lines);
    std::string shown;
    for (const std::string& line : Split(lines, '\n')) {
      failing = failing || line.starts_with("error");
      // "Using Python … environment at: …" names a folder that is gone when the build is published.
      if (line.empty() || line.starts_with("Using Python ")) continue;
      if (failing) {
        Keep(held, line + "\n");
        continue;
      }
      shown += line + "\n";
      SayStep(steps.After(line));
    }
    if (!shown.empty() && log) log(shown);
  }
  /// At once, or when the pause after the one before is over: then what is true by then.
  void SayStep(const std::string& step) {
    if (step.empty() || !command.step) return;
    next_step = step;
    if (step_timer == 0) NextStep();
  }
  void NextStep() {
    step_timer = 0;
    if (next_step.empty()) return;
    step_timer = loop.After("uv.step", kStepPause, [this] { NextStep(); });
    command.step(std::exchange(next_step, {}));
  }
  void EndSteps() {
    next_step.clear();
    if (step_timer != 0) loop.Cancel(std::exchange(step_timer, 0));
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

  Loop& loop;
  const uint64_t id;
  UvCommand command;
  Log log;
  Done done;
  std::vector<UvTry> tries;
  std::string words;  // of this try
  std::string held;   // its lines from the error on
  bool failing = false;
  UvScreen screen;
  std::vector<Download> downloads;  // as told last
  UvSteps steps;
  std::string next_step;
  std::string online_words;  // of the last try with network: its cause is the one to name
  TimerId retry_timer = 0;
  TimerId step_timer = 0;
};

UvRunner::UvRunner(Loop& loop, std::string program, int64_t retry_delay_ms, Wrap wrap)
    : loop_(loop),
      program_(std::move(program)),
      retry_delay_ms_(retry_delay_ms),
      wrap_(std::move(wrap)),
      commands_(MakeCommandRunner(loop)) {}

UvRunner::~UvRunner() = default;

void UvRunner::Run(UvCommand command, Log log, Done done) {
  if (program_.empty())
    return done(
        Error(Code::kFailedPrecondition,
              "uv is not there: put it beside the server's program or on its PATH (`make build` "
              "or `pip install uv`), then submit again"));
  if (!log) log = [](std::string_view) {};
  waiting_.push_back(std::make_shared<Job>(loop_, next_id_++, std::move(command), std::move(log),
                                           std::move(done)));
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
  job->retry_timer = 0;
  job->words.clear();
  job->held.clear();
  job->failing = false;
  job->screen = UvScreen();
  job->downloads.clear();
  job->steps = UvSteps();
  Command command;
  command.argv = {program_};
  command.argv.insert(command.argv.end(), job->command.arguments.begin(),
                      job->command.arguments.end());
  if (attempt.offline) command.argv.emplace_back("--offline");
  command.variables = job->command.variables;
  if (!job->user_retries())
    command.variables["UV_HTTP_RETRIES"] = std::to_string(attempt.http_retries);
  command.working_dir = job->command.working_dir;
  command.limit_ms = job->command.limit_ms;
  std::weak_ptr<Job> weak = job;
  // It shows how far it is to terminals only; inside of something else it would not see ours.
  if (job->command.step && !wrap_) {
    command.variables["TERM"] = "xterm";
    for (const char* quiet : {"UV_NO_PROGRESS", "JPY_SESSION_NAME"}) command.variables.erase(quiet);
    command.screen = [weak](std::string_view bytes) {
      auto strong = weak.lock();
      return strong ? strong->OnScreen(bytes) : std::string();
    };
  } else {
    command.argv.emplace_back("--no-progress");
  }
  auto ended = [this, weak](Result<CommandOutcome> result) {
    if (auto strong = weak.lock()) Ended(strong, std::move(result));
  };
  if (Status wrapped = wrap_ ? wrap_(command) : Ok(); !wrapped)
    return loop_.Post("uv.unwrapped", [ended, error = wrapped.error()] { ended(error); });
  auto emit = [weak](std::string_view lines) {
    if (auto strong = weak.lock()) strong->Emit(lines);
  };
  commands_->Run(std::move(command), emit, ended);
}

void UvRunner::Ended(const std::shared_ptr<Job>& job, Result<CommandOutcome> result) {
  bool late = !result && result.error().code() == Code::kDeadlineExceeded;
  if (late) {
    job->SayTimeout();
    result = CommandOutcome{.code = kKilled};
  }
  auto finish = [&](Result<UvOutcome> outcome) {
    job->EmitHeld();
    job->EndSteps();
    jobs_.erase(job->id);
    Next();
    job->done(std::move(outcome));
  };
  if (!result) return finish(result.error());
  if (result->cut) job->Emit(result->words);
  const UvTry last = job->tries.back();
  if (result->code == 0) {
    if (last.offline) job->log("Done from uv's cache, without the network\n");
    return finish(UvOutcome{true, std::move(result->out), job->words});
  }
  if (!last.offline) job->online_words = job->words;
  UvTry next;
  if (job->command.once || late || result->code > 128 ||
      !NextTry(job->tries, job->words, retry_delay_ms_, &next)) {
    if (job->words.empty() && result->code > 128)
      job->words = "error: uv was ended by signal " + std::to_string(result->code - 128) + "\n";
    return finish(UvOutcome{false, "", last.offline ? job->online_words : job->words});
  }
  std::string cause = CauseOf(job->online_words);
  job->log(next.offline ? "The package index was not reached (" + cause + "); trying uv's cache\n"
                        : "Trying again in " + SecondsText(next.delay_ms) + " (" + cause + ")\n");
  job->tries.push_back(next);
  std::weak_ptr<Job> weak = job;
  job->retry_timer =
      loop_.After("uv.retry", std::chrono::milliseconds(next.delay_ms), [this, weak] {
        if (auto strong = weak.lock()) Start(strong);
      });
}

}  // namespace rw::env
