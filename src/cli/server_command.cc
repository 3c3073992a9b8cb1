// runwright server, server status, server stop.
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/running_server.h"
#include "os/process.h"

namespace rw::cli {
namespace {
constexpr int kStopMs = 60'000;

/// What the server says of itself; null where no token is known.
json::Value Details(Context& context, const std::string& url) {
  auto token = client::TokenFor(context.here(), url);
  if (!token || token->empty()) return {};
  auto api = client::Api::Make(url, *token);
  auto answer = api ? (*api)->Server() : Result<json::Value>(api.error());
  return answer ? *answer : json::Value();
}

std::string UptimeText(int64_t seconds) {
  std::string text;
  if (seconds >= 86400) text += std::to_string(seconds / 86400) + " d ";
  if (seconds >= 3600) text += std::to_string(seconds / 3600 % 24) + " h ";
  return text + std::to_string(seconds / 60 % 60) + " m";
}

void ShowRunning(Context& context, const RunningServer& server, const json::Value& details) {
  const Terminal& t = context.terminal();
  Print(t.Paint("running", Color::kGreen) + "  " + server.url);
  if (server.pid > 0) Print("  (pid " + std::to_string(server.pid) + ")");
  Print("\n");
  if (!details.is_object()) return;
  const json::Value& counts = details["counts"];
  Print("version " + details.StringOr("version") + ", up " +
        UptimeText(details.IntOr("uptime_seconds", 0)) + ", data in " + details.StringOr("data") +
        "\n");
  Print(std::to_string(counts.IntOr("workspaces", 0)) + " workspaces, " +
        std::to_string(counts.IntOr("runs", 0)) + " runs (" +
        std::to_string(counts.IntOr("active_runs", 0)) + " active), " +
        std::to_string(counts.IntOr("models", 0)) + " models\n");
}

Result<int> StatusOf(Context& context, const std::string& data) {
  std::optional<RunningServer> server;
  if (context.common().server.empty()) {
    server = FindRunning(data);
  } else {
    auto api = TRY(client::Api::Make(context.common().server, ""));
    if (api->Health()) server = RunningServer{context.common().server, 0, ""};
  }
  if (!server) {
    std::string where = context.common().server.empty() ? data : context.common().server;
    if (context.json()) {
      Print(json::WritePretty(json::Value().Set("running", false)) + "\n");
    } else {
      Print("not running (" + where + ")\n");
    }
    return ExitCode(Code::kUnavailable);
  }
  json::Value details = Details(context, server->url);
  if (context.json()) {
    json::Value out = details.is_object() ? details : json::Value(json::Object());
    out.Set("running", true).Set("url", server->url);
    if (server->pid > 0) out.Set("pid", server->pid);
    Print(json::WritePretty(out) + "\n");
  } else {
    ShowRunning(context, *server, details);
  }
  return 0;
}

/// Waits for the end of the process behind a pidfd, which is closed.
bool HasEnded(int pidfd) {
  pollfd ready{pidfd, POLLIN, 0};
  int n = pidfd < 0 ? 1 : poll(&ready, 1, kStopMs);
  if (pidfd >= 0) close(pidfd);
  return n > 0;
}

/// By its API where a token is known, else by SIGTERM, which its own user may send.
Result<int> StopAt(Context& context, const std::string& data) {
  auto server = FindRunning(data);
  if (!server) {
    if (!context.json()) Print("not running (" + data + ")\n");
    if (context.json()) Print(json::WritePretty(json::Value().Set("stopped", false)) + "\n");
    return 0;
  }
  os::ProcessIdentity process = TRY(os::IdentityOf(server->pid));
  int watch = static_cast<int>(syscall(SYS_pidfd_open, server->pid, 0));
  auto token = client::TokenFor(context.here(), server->url);
  auto api = token && !token->empty()
                 ? client::Api::Make(server->url, *token)
                 : Result<std::unique_ptr<client::Api>>(Error(Code::kUnauthenticated, "no token"));
  if (!api || !(*api)->StopServer()) TRY(os::PosixProcessLauncher().Signal(process, SIGTERM));
  if (!HasEnded(watch))
    return Error(Code::kDeadlineExceeded, "the server (pid " + std::to_string(server->pid) +
                                              ") was told to stop and still runs after 60 s");
  if (context.json()) {
    Print(json::WritePretty(json::Value().Set("stopped", true).Set("pid", server->pid)) + "\n");
  } else {
    Print("stopped (pid " + std::to_string(server->pid) + ")\n");
  }
  return 0;
}
}  // namespace

Result<int> Server(Context& context, const ServerOptions& options, const Roles& roles) {
  std::string data =
      context.here().Absolute(options.data.empty() ? context.here().DataFolder() : options.data);
  switch (options.action) {
    case ServerAction::kServe: {
      ServerOptions serve = options;
      serve.data = data;
      if (!serve.run_root.empty()) serve.run_root = context.here().Absolute(serve.run_root);
      if (!serve.env_root.empty()) serve.env_root = context.here().Absolute(serve.env_root);
      return roles.serve(serve);
    }
    case ServerAction::kStatus:
      return StatusOf(context, data);
    case ServerAction::kStop:
      return StopAt(context, data);
  }
  return 0;
}

}  // namespace rw::cli
