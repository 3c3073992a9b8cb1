#include "cli/running_server.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strings.h"
#include "client/api.h"
#include "net/asio_loop.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::cli {
namespace {
constexpr int64_t kStartMicros = 30'000'000;
constexpr useconds_t kPollMicros = 5'000;
constexpr std::chrono::seconds kHealthTimeout{5};

bool AnswersHealth(const std::string& url) {
  net::AsioLoop loop;
  auto transport = net::MakeHttpTransport(loop, url);
  if (!transport) return false;
  bool healthy = false;
  (*transport)
      ->Send({.method = "GET", .path = "/healthz"}, kHealthTimeout,
             [&](Result<net::Response> response) {
               healthy = response && response->status == 200;
               loop.Stop();
             });
  loop.Run();
  return healthy;
}

/// No secret goes into the environment of a process that outlives us, and a server is nobody's run.
std::vector<std::string> ServerEnvironment(const client::Surroundings& here) {
  std::vector<std::string> out;
  for (const auto& [name, value] : here.variables)
    if (!name.starts_with("RUNWRIGHT_")) out.push_back(name + "=" + value);
  return out;
}
}  // namespace

std::string LastLines(const std::string& path, size_t lines) {
  auto text = os::ReadFile(os::PosixFileSystem(), path);
  if (!text) return "";
  size_t at = text->size();
  for (size_t seen = 0; at > 0; at--)
    if ((*text)[at - 1] == '\n' && at != text->size() && ++seen == lines) break;
  return text->substr(at);
}

std::optional<RunningServer> FindRunning(const std::string& data) {
  auto text = os::ReadFile(os::PosixFileSystem(), os::JoinPath(data, "server.json"));
  auto info = text ? json::Parse(*text) : Result<json::Value>(text.error());
  if (!info) return std::nullopt;
  RunningServer server{info->StringOr("url"), static_cast<int>(info->IntOr("pid", 0)),
                       info->StringOr("started")};
  if (server.pid <= 0 || !os::IdentityOf(server.pid) || !AnswersHealth(server.url))
    return std::nullopt;
  return server;
}

Result<RunningServer> StartInBackground(const client::Surroundings& here, const std::string& data,
                                        bool& started) {
  started = false;
  if (auto running = FindRunning(data)) return *running;
  os::FileSystem& fs = os::PosixFileSystem();
  TRY(fs.MakeDirs(data, 0700));
  std::string log = os::JoinPath(data, "server.log");
  os::LaunchSpec spec{.argv = {os::SelfPath(), "server", "--data", data},
                      .environment = ServerEnvironment(here),
                      .working_dir = data,
                      .stdout_path = log};
  os::ProcessIdentity process = TRY(os::PosixProcessLauncher().SpawnDetached(spec));
  int64_t deadline = SystemClock().BootMicros() + kStartMicros;
  while (SystemClock().BootMicros() < deadline) {
    bool alive = os::PosixProcessLauncher().IsAlive(process);
    // Another init may have been first: then ours ends, and theirs serves.
    if (auto running = FindRunning(data)) {
      started = running->pid == process.pid;
      return *running;
    }
    if (!alive) break;
    usleep(kPollMicros);
  }
  return Error(Code::kUnavailable,
               "the server did not start; the end of " + log + ":\n" + LastLines(log, 10));
}

}  // namespace rw::cli
