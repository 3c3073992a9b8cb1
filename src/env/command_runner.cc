#include "env/command_runner.h"

#include <chrono>
#include <map>

#include "base/strings.h"
#include "env/secrets.h"
#include "os/stream_process.h"

namespace rw::env {
namespace {
constexpr size_t kMostWords = 256 << 10;
constexpr size_t kMostLog = 1 << 20;

struct Job {
  CommandRunner::Log log;
  CommandRunner::Done done;
  std::string partial;
  std::string words;
  size_t logged = 0;
  int64_t limit_ms = 0;
  bool late = false;
  TimerId timer = 0;
  std::unique_ptr<os::StreamProcess> process;

  void OnStderr(const std::string& bytes) {
    partial += bytes;
    size_t end = partial.rfind('\n');
    if (end == std::string::npos && partial.size() < kMostWords) return;
    size_t size = end == std::string::npos ? partial.size() : end + 1;
    Emit(partial.substr(0, size));
    partial.erase(0, size);
  }
  void Flush() {
    if (!partial.empty()) Emit(partial + "\n");
    partial.clear();
  }
  void Emit(std::string_view lines) {
    std::string masked = MaskUserInfo(Utf8Lossy(lines));
    words += masked;
    if (words.size() > kMostWords) words.erase(0, words.size() - kMostWords);
    if (!log || logged > kMostLog) return;
    logged += masked.size();
    log(masked);
    if (logged > kMostLog) log("… (the rest of what it says is left out)\n");
  }
};

}  // namespace

std::string LastLine(std::string_view words) {
  words = Trim(words);
  size_t begin = words.rfind('\n');
  return std::string(begin == std::string_view::npos ? words : words.substr(begin + 1));
}

namespace {
class StreamRunner final : public CommandRunner {
 public:
  explicit StreamRunner(Loop& loop) : loop_(loop) {}
  ~StreamRunner() override {
    for (auto& [id, job] : jobs_) loop_.Cancel(job->timer);
  }

  void Run(Command command, Log log, Done done) override {
    uint64_t id = next_id_++;
    auto job = std::make_shared<Job>();
    jobs_[id] = job;
    job->log = std::move(log);
    job->done = std::move(done);
    os::LaunchSpec spec;
    spec.argv = std::move(command.argv);
    spec.environment = ToEntries(command.variables);
    spec.working_dir = command.working_dir;
    std::weak_ptr<Job> weak = job;
    os::StreamProcess::Callbacks callbacks;
    callbacks.on_stderr = [weak](const std::string& bytes) {
      if (auto strong = weak.lock()) strong->OnStderr(bytes);
    };
    callbacks.on_exit = [this, id](Result<os::CommandResult> result) {
      Ended(id, std::move(result));
    };
    job->limit_ms = command.limit_ms;
    job->timer = loop_.After("command.limit", std::chrono::milliseconds(job->limit_ms), [weak] {
      auto strong = weak.lock();
      if (!strong) return;
      strong->late = true;
      strong->process->Kill();
    });
    job->process = os::StartStreamProcess(loop_, std::move(spec), std::move(callbacks));
  }

 private:
  void Ended(uint64_t id, Result<os::CommandResult> result) {
    auto found = jobs_.extract(id);
    std::shared_ptr<Job> job = std::move(found.mapped());
    loop_.Cancel(job->timer);
    job->process.reset();
    job->Flush();
    if (!result) return job->done(result.error());
    if (job->late)
      return job->done(Error(Code::kDeadlineExceeded, "it was ended after " +
                                                          std::to_string(job->limit_ms / 1000) +
                                                          " s: " + LastLine(job->words)));
    job->done(CommandOutcome{result->exit_code, std::move(result->out), std::move(job->words)});
  }

  Loop& loop_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::shared_ptr<Job>> jobs_;
};
}  // namespace

std::unique_ptr<CommandRunner> MakeCommandRunner(Loop& loop) {
  return std::make_unique<StreamRunner>(loop);
}

}  // namespace rw::env
