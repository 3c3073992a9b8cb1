// runwright logs, and the following of a run that submit --follow shares.
#include <signal.h>
#include <unistd.h>

#include <utility>

#include "base/strings.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "client/log_follower.h"

namespace rw::cli {
namespace {
volatile sig_atomic_t interrupted = 0;
void OnInterrupt(int) { interrupted = 1; }

int CodeOfStatus(const std::string& status) {
  if (status == "Failed") return kRunFailed;
  if (status == "Canceled") return ExitCode(Code::kCanceled);
  return 0;
}

/// Of "downloading six 1/3 MB" the part that stays while it goes on; of others all.
std::string StepOf(const std::string& reason) {
  if (!reason.starts_with("downloading ")) return reason;
  std::string out;
  for (char c : reason)
    if ((c < '0' || c > '9') && c != '.') out += c;
  return out;
}

/// Shows bytes as they are; says which log they are from when that changes and there are several.
class Output {
 public:
  explicit Output(Context& context) : context_(context), live_(isatty(STDERR_FILENO) == 1) {}
  void Log(const std::string& name, const std::string& bytes) {
    if (context_.json()) {
      json::Value line;
      return Print(json::Write(line.Set("name", name).Set("text", Utf8Lossy(bytes))) + "\n");
    }
    Clear();
    if (!name_.empty() && name != name_)
      PrintError((at_line_start_ ? "" : "\n") + std::string("==> ") + name + " <==\n");
    name_ = name;
    Print(bytes);
    if (!bytes.empty()) at_line_start_ = bytes.back() == '\n';
  }
  void Status(const std::string& status, const std::string& reason) {
    if (status == status_ && reason == reason_) return;
    bool goes_on = status == status_ && StepOf(reason) == StepOf(reason_);
    status_ = status;
    reason_ = reason;
    if (context_.json()) {
      json::Value line;
      return Print(json::Write(line.Set("status", status).Set("reason", reason)) + "\n");
    }
    // How far a download is goes over the line before; where it cannot, the beginning is enough.
    if (goes_on && !live_) return;
    Clear();
    painted_ = live_ && StepOf(reason) != reason;
    PrintError((at_line_start_ ? "" : "\n") +
               context_.terminal().Paint(status + (reason.empty() ? "" : ": " + reason),
                                         StatusColor(status)) +
               (painted_ ? "" : "\n"));
    at_line_start_ = true;
  }
  bool at_line_start() const { return at_line_start_; }

 private:
  void Clear() {
    if (std::exchange(painted_, false)) PrintError("\r\x1b[K");
  }
  Context& context_;
  const bool live_;
  std::string name_;
  std::string status_;
  std::string reason_;
  bool at_line_start_ = true;
  bool painted_ = false;  // a line without end, to be painted over
};

void ShowFailure(Context& context, const json::Value& run) {
  if (!run["error"].is_object()) return;
  const json::Value& error = run["error"];
  PrintError(context.terminal().Paint(error.StringOr("message"), Color::kRed) + "\n");
  if (!error.StringOr("file").empty())
    PrintError("  at " + error.StringOr("file") + ":" + std::to_string(error.IntOr("line", 0)) +
               "\n");
  if (!error.StringOr("next_step").empty()) PrintError(error.StringOr("next_step") + "\n");
}
}  // namespace

Result<int> FollowRun(Context& context, const std::string& run, const std::string& name,
                      bool follow, std::set<std::string> told) {
  client::Api* api = TRY(context.Api());
  Output output(context);
  interrupted = 0;
  struct sigaction before {
  }, action{};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, &before);
  auto end = client::FollowLogs(
      *api, run,
      {.name = name, .follow = follow, .find_server = [&] { return context.ServerNow(); }},
      {[&](const std::string& n, const std::string& bytes) { output.Log(n, bytes); },
       [&](const std::string& status, const std::string& reason) {
         if (follow) output.Status(status, reason);
       },
       [] { return interrupted != 0; }});
  sigaction(SIGINT, &before, nullptr);
  if (!end && interrupted != 0) {
    PrintError("\nStopped following; the run goes on. See it again: runwright logs -f " + run +
               "   End it: runwright runs cancel " + run + "\n");
    return kInterrupted;
  }
  if (!end) return end.error();
  if (!follow) return 0;
  output.Status(*end, "");
  if (context.json()) return CodeOfStatus(*end);
  if (auto document = api->Run(run)) {
    PrintWarnings(context, *document, told);
    if (*end == "Failed") ShowFailure(context, *document);
  }
  return CodeOfStatus(*end);
}

void PrintWarnings(Context& context, const json::Value& run, std::set<std::string>& told) {
  if (!run["warnings"].is_array()) return;
  for (const json::Value& warning : run["warnings"].as_array()) {
    std::string text = warning.StringOr("message");
    if (!told.insert(text).second) continue;
    PrintError(context.terminal().Paint("warning: " + text, Color::kYellow) + "\n");
  }
}

Result<int> Logs(Context& context, const LogsOptions& options) {
  return FollowRun(context, options.run, options.name, options.follow);
}

}  // namespace rw::cli
