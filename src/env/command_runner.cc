#include "env/command_runner.h"

#include <chrono>
#include <map>

#include "base/strings.h"
#include "env/secrets.h"
#include "env/terminal_text.h"
#include "os/stream_process.h"

namespace rw::env {
namespace {
constexpr size_t kMostWords = 256 << 10;
constexpr size_t kMostLog = 1 << 20;

struct Job {
  CommandRunner::Log log;
  CommandRunner::Done done;
  std::function<std::string(std::string_view)> screen;
  TerminalText text;
  std::string words;
  std::string flood;  // as it came: nobody could read it while it passes
  size_t logged = 0;
  int64_t limit_ms = 0;
  bool late = false;
  TimerId timer = 0;
  std::unique_ptr<os::StreamProcess> process;

  bool full() const { return logged > kMostLog; }
  void OnStderr(const std::string& bytes) {
    if (!full()) return Emit(Lines(bytes));
    flood += bytes;
    if (flood.size() > 4 * kMostWords) flood.erase(0, flood.size() - kMostWords);
  }
  std::string Lines(std::string_view bytes) {
    if (screen) return screen(bytes);
    std::string out;
    text.Read(bytes, [&](const std::string& piece, bool line) {
      if (line) out += piece + "\n";
    });
    return out;
  }
  void Flush() {
    if (flood.size() > kMostWords) {
      flood.erase(0, flood.size() - kMostWords);
      flood.erase(0, flood.find('\n'));  // half a line may hold half a password, which nobody masks
    }
    Emit(Lines(flood));
    std::string last = Lines("\n");
    if (last != "\n") Emit(last);
  }
  void Emit(std::string_view lines) {
    if (lines.empty()) return;
    std::string masked = MaskUserInfo(Utf8Lossy(lines));
    words += masked;
    if (words.size() > kMostWords) words.erase(0, words.size() - kMostWords);
    if (full()) return;
    logged += masked.size();
    if (full()) masked += "… (the rest of what it says is left out)\n";
    if (log) log(masked);
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
    for (auto& [id, job] : jobs_)
      if (job->timer != 0) loop_.Cancel(job->timer);
  }

  void Run(Command command, Log log, Done done) override {
    uint64_t id = next_id_++;
    auto job = std::make_shared<Job>();
    jobs_[id] = job;
    job->log = std::move(log);
    job->done = std::move(done);
    job->screen = std::move(command.screen);
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
    auto kind = job->screen ? os::StreamStderr::kTerminal : os::StreamStderr::kPipe;
    job->process = os::StartStreamProcess(loop_, std::move(spec), std::move(callbacks), kind);
    job->limit_ms = command.limit_ms;
    if (job->limit_ms == 0) return;
    job->timer = loop_.After("command.limit", std::chrono::milliseconds(job->limit_ms), [weak] {
      auto strong = weak.lock();
      if (!strong) return;
      strong->late = true;
      strong->process->Kill();
    });
  }

 private:
  void Ended(uint64_t id, Result<os::CommandResult> result) {
    auto found = jobs_.extract(id);
    std::shared_ptr<Job> job = std::move(found.mapped());
    if (job->timer != 0) loop_.Cancel(job->timer);
    job->process.reset();
    job->Flush();
    if (!result) return job->done(result.error());
    if (job->late)
      return job->done(Error(Code::kDeadlineExceeded, "it was ended after " +
                                                          std::to_string(job->limit_ms / 1000) +
                                                          " s: " + LastLine(job->words)));
    job->done(CommandOutcome{result->exit_code, std::move(result->out), std::move(job->words),
                             job->full()});
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
