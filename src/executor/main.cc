#include "executor/main.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "executor/executor.h"
#include "executor/file_watcher.h"
#include "executor/posix_node.h"
#include "executor/relay_endpoint.h"
#include "executor/supervisor_link.h"
#include "net/asio_loop.h"
#include "net/client.h"

extern char** environ;

namespace rw::executor {
namespace {
constexpr int kLinkFd = 3;

/// HOME, USER and LOGNAME, where a server started from a bare environment did not pass them on.
void AddUser(EnvironmentMap& out) {
  if (out.count("HOME") != 0 && out.count("USER") != 0 && out.count("LOGNAME") != 0) return;
  const passwd* user = getpwuid(geteuid());
  if (user == nullptr) return;
  out.try_emplace("HOME", user->pw_dir);
  out.try_emplace("USER", user->pw_name);
  out.try_emplace("LOGNAME", user->pw_name);
}

EnvironmentMap OwnEnvironment() {
  EnvironmentMap out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; entry++) {
    std::string text(*entry);
    size_t equals = text.find('=');
    if (equals != std::string::npos) out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  AddUser(out);
  return out;
}

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

TransportFactory TransportsOf(net::AsioLoop& loop, const std::string& spool) {
  return [&loop, spool](const std::string& url) -> Result<std::shared_ptr<net::Transport>> {
    net::TransportOptions options;
    options.spool_dir = spool;
    return std::shared_ptr<net::Transport>(TRY(net::MakeHttpTransport(loop, url, options)));
  };
}

int Run(const std::string& run_dir) {
  net::AsioLoop loop;
  auto node = MakePosixNode(static_cast<int>(getppid()));  // workers use it: it goes after them
  auto pool = net::MakeThreadPool(loop, 2);
  RunFolder folder{run_dir};
  auto link = MakeSupervisorLink(loop, kLinkFd, folder);
  if (!link) {
    fprintf(stderr, "runwright executor: %s\n", link.error().message().c_str());
    return 2;
  }
  // The first digest initialises OpenSSL (1 ms or more): while the server looks at the claim.
  pool->Run(
      "warm", [] { (void)Sha256Hex(""); }, [] {});
  auto watcher = MakeFileWatcher(loop);
  Context context{loop, *pool, os::PosixFileSystem(), SystemClock(), SystemRandom()};
  ExecutorOptions options{run_dir, HostName(), static_cast<int>(getpid()), OwnEnvironment(),
                          node.get()};
  Executor executor(context, TransportsOf(loop, folder.Path("state")), **link, watcher.get(),
                    std::move(options));
  int status = 1;
  executor.OnDone([&](int result) {
    status = result;
    loop.Stop();
  });
  std::unique_ptr<net::Relay> relay;
  executor.OnGranted([&] {
    auto listening = ServeRun(loop, executor, folder.socket());
    if (listening) {
      relay = std::move(*listening);
    } else {
      LOG_ERROR("relay.failed", {"error", listening.error().message()});
    }
  });
  Status started = executor.Start();
  if (!started) {
    LOG_ERROR("executor.cannot_start", {"error", started.error().message()});
    if (started.error().code() != Code::kNotFound) return 1;  // the shim tries again
    // The run's folder was removed: nobody will ever ask for it.
    (*link)->Kill();
    (*link)->Bye();
    return 0;
  }
  loop.Run();
  return status;
}
}  // namespace

int Main(int argc, char** argv) {
  if (argc != 2 || argv[1][0] != '/') {
    fprintf(stderr, "usage: runwright executor RUN_DIR (started by runwright-shim)\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  return Run(argv[1]);
}

}  // namespace rw::executor
