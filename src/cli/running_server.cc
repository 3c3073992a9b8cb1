#include "cli/running_server.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "client/api.h"
#include "net/asio_loop.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::cli {
namespace {
constexpr int64_t kStartMicros = 30'000'000;
constexpr int kLookAgainMs = 100;
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

/// The pipe that a server's first line comes through. Its end says that the server is gone.
class Announcement {
 public:
  enum class State { kNothing, kSpoken, kEnded };
  static Result<Announcement> Make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoError(errno, "pipe");
    return Announcement(ends[0], ends[1]);
  }
  Announcement(Announcement&& other) noexcept
      : reader_(std::exchange(other.reader_, -1)), writer_(std::exchange(other.writer_, -1)) {}
  Announcement& operator=(Announcement&&) = delete;
  ~Announcement() {
    CloseWriter();
    if (reader_ >= 0) close(reader_);
  }
  /// The writing end, as a path that a child's output can be opened at.
  std::string path() const { return "/proc/self/fd/" + std::to_string(writer_); }
  void CloseWriter() {
    if (writer_ >= 0) close(writer_);
    writer_ = -1;
  }
  State Wait(int most_ms) {
    pollfd ready{ended_ ? -1 : reader_, POLLIN, 0};
    if (poll(&ready, 1, most_ms) <= 0) return ended_ ? State::kEnded : State::kNothing;
    char line[512];
    ended_ = read(reader_, line, sizeof line) <= 0;
    return ended_ ? State::kEnded : State::kSpoken;
  }

 private:
  Announcement(int reader, int writer) : reader_(reader), writer_(writer) {}
  int reader_;
  int writer_;
  bool ended_ = false;
};

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
  TRY(os::PosixFileSystem().MakeDirs(data, 0700));
  std::string log = os::JoinPath(data, "server.log");
  Announcement announcement = TRY(Announcement::Make());
  os::LaunchSpec spec{.argv = {os::SelfPath(), "server", "--data", data},
                      .environment = here.EnvironmentOfChildren(),
                      .working_dir = data,
                      .stdout_path = announcement.path(),
                      .stderr_path = log};
  os::ProcessIdentity process = TRY(os::PosixProcessLauncher().SpawnDetached(spec));
  announcement.CloseWriter();
  int64_t deadline = SystemClock().BootMicros() + kStartMicros;
  while (SystemClock().BootMicros() < deadline) {
    Announcement::State state = announcement.Wait(kLookAgainMs);
    if (auto running = FindRunning(data)) {
      started = running->pid == process.pid;
      return *running;
    }
    // Another init may have been first: ours ends, and theirs is about to serve.
    if (state == Announcement::State::kEnded && os::FileLock::Try(os::JoinPath(data, "lock")))
      break;
  }
  return Error(Code::kUnavailable,
               "the server did not start; the end of " + log + ":\n" + LastLines(log, 10));
}

}  // namespace rw::cli
