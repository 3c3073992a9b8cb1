#include "server/serve.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "backend/local_backend.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/surroundings.h"
#include "meta/settings.h"
#include "net/asio_loop.h"
#include "net/server.h"
#include "os/paths.h"
#include "os/poll_until.h"
#include "os/process.h"
#include "server/data_folder.h"
#include "server/fatal_sync.h"
#include "server/host_facts.h"
#include "server/listen_address.h"
#include "server/program_places.h"
#include "server/server_installer.h"

namespace rw::server {
namespace {

constexpr const char* kListenSetting = "listen";
constexpr const char* kRunRootsSetting = "run_roots";
constexpr const char* kFinalizingSetting = "finalizing_seconds";
constexpr const char* kSilentSetting = "silent_seconds";
constexpr const char* kFirstListen = "127.0.0.1:0";
constexpr int kPoolThreads = 4;
constexpr rlim_t kOpenFiles = 16'384;
constexpr std::chrono::microseconds kExclusiveCommitDelay{500};

void PrepareProcess() {
  // Few heaps: each thread's own would keep what a large request left in it.
  mallopt(M_ARENA_MAX, 2);
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, kOpenFiles));
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

Status WriteInfo(os::FileSystem& fs, const Paths& paths, const CoreOptions& options,
                 int64_t now_us) {
  json::Value info;
  info.Set("url", options.url).Set("pid", options.pid).Set("version", options.version);
  info.Set("started", FormatUtc(now_us));
  TRY(os::WriteFileAtomically(fs, paths.info, json::Write(info) + "\n", 0600));
  return os::WriteFileAtomically(fs, paths.endpoint, options.url + "\n", 0600);
}

/// Everything of one server, in the order in which it is made; it goes in the reverse order.
struct Server {
  explicit Server(Paths where) : paths(std::move(where)) {}

  Paths paths;
  std::vector<std::string> older_run_roots;
  std::string container_engine;
  bool shares_builds = false;
  std::unique_ptr<os::FileSystem> fs = MakeFatalSyncFileSystem(os::PosixFileSystem());
  net::AsioLoop loop;
  std::unique_ptr<OpenData> data;
  CoreOptions options;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<db::Writer> writer;
  std::unique_ptr<db::Readers> readers;
  std::unique_ptr<backend::LocalBackend> backend;
  std::unique_ptr<env::Installer> installer;
  std::unique_ptr<Core> core;
  std::unique_ptr<WorkerPool> pool;
  bool stopping = false;

  Status Start(const ServeOptions& given);
  Status Listen(const std::string& listen);
  Status ChooseRunRoot(const std::string& given);
  Status ChooseEnvRoot(const std::string& given);
  Status Remember(const char* setting, int64_t given, int64_t* value);
  Status Wire();
  void Stop();
  void Drain(int64_t until_boot_us);
};

/// The roots that servers of this data folder used, the present one first; "" is <data>/runs.
Status Server::ChooseRunRoot(const std::string& given) {
  const std::string usual = paths.runs;
  auto known = json::Parse(TRY(meta::GetSetting(*data->write, kRunRootsSetting)));
  std::vector<std::string> roots;
  if (known && known->is_array())
    for (const json::Value& root : known->as_array())
      if (root.is_string()) roots.push_back(root.as_string());
  if (roots.empty()) roots.emplace_back();
  std::string present = given.empty() ? roots[0] : given == usual ? "" : given;
  if (present != roots[0]) {
    std::erase(roots, present);
    roots.insert(roots.begin(), present);
    json::Array list(roots.begin(), roots.end());
    TRY(meta::PutSetting(*data->write, kRunRootsSetting, json::Write(list)));
  }
  for (const std::string& root : roots) older_run_roots.push_back(root.empty() ? usual : root);
  paths.runs = older_run_roots[0];
  older_run_roots.erase(older_run_roots.begin());
  Status made = fs->MakeDirs(paths.runs, 0700);
  if (made) return Ok();
  return std::move(made).error().WithContext("make the run root (--run-root takes another)");
}

Status Server::ChooseEnvRoot(const std::string& given) {
  const std::string usual = paths.env;
  if (!given.empty())
    TRY(meta::PutSetting(*data->write, meta::kEnvRootSetting, given == usual ? "" : given));
  std::string root = TRY(meta::GetSetting(*data->write, meta::kEnvRootSetting));
  if (root.empty()) return Ok();
  shares_builds = true;
  paths.env = root;
  Status made = fs->MakeDirs(root, 0700);
  if (made) return Ok();
  return std::move(made).error().WithContext("make the env root (--env-root takes another)");
}

Status Server::Remember(const char* setting, int64_t given, int64_t* value) {
  if (given > 0) TRY(meta::PutSetting(*data->write, setting, std::to_string(given)));
  auto kept = ParseInt(TRY(meta::GetSetting(*data->write, setting)));
  if (kept && *kept > 0) *value = *kept;
  return Ok();
}

Status Server::Listen(const std::string& given) {
  std::string last = TRY(meta::GetSetting(*data->write, kListenSetting));
  std::string listen = !given.empty() ? given : !last.empty() ? last : kFirstListen;
  ListenAddress address = TRY(ParseListen(listen));
  net::ServerOptions http_options;
  http_options.host = address.host;
  http_options.port = address.port;
  http_options.spool_dir = paths.spool;
  auto listen_once = [&] {
    return net::HttpServer::Listen(
        loop, http_options, [this](const net::Request& head) { return core->CheckHead(head); },
        [this](net::Request request, std::shared_ptr<net::Responder> responder) {
          core->Handle(std::move(request), std::move(responder));
        });
  };
  auto listening = listen_once();
  auto settled = [&] { return listening || listening.error().code() != Code::kConflict; };
  // A server that was killed a moment ago lets go of its lock and of its port one after the other.
  if (!settled())
    os::PollUntil(
        [&] {
          listening = listen_once();
          return settled();
        },
        std::chrono::milliseconds(10), std::chrono::milliseconds(500));
  if (!listening && given.empty() && !last.empty())
    return std::move(listening).error().WithContext(
        "the address of the last start is taken (--listen 127.0.0.1:0 takes another)");
  if (!listening) return std::move(listening).error();
  http = *std::move(listening);
  options.url = UrlOf(address.host, http->port());
  std::string now = HostPort(address.host, http->port());
  if (now != last) TRY(meta::PutSetting(*data->write, kListenSetting, now));
  return EnsureOwnerCredential(*data->write, SystemClock(), SystemRandom(), options.url);
}

Status Server::Wire() {
  // One connection cannot serve two threads: in exclusive locking the loop's own writes.
  if (data->read) readers = db::MakeReaders(paths.database);
  writer = data->read ? db::MakeThreadWriter(loop, std::move(data->write))
                      : db::MakeLoopWriter(loop, *data->write, kExclusiveCommitDelay);
  pool = net::MakeThreadPool(loop, kPoolThreads);
  backend = std::make_unique<backend::LocalBackend>(
      *fs, os::PosixProcessLauncher(),
      backend::LocalOptions{.runs_dir = paths.runs,
                            .shim = FindShim(options.program),
                            .program = options.program,
                            .server_url = options.url,
                            .endpoint_file = paths.endpoint,
                            .environment = backend::InheritedEnvironment(environ),
                            .older_runs_dirs = older_run_roots});
  installer = MakeServerInstaller(loop, *pool, options, paths, container_engine, shares_builds);
  core = TRY(Core::Create({.loop = loop,
                           .pool = *pool,
                           .clock = SystemClock(),
                           .random = SystemRandom(),
                           .fs = *fs,
                           .backend = *backend,
                           .read = data->read ? *data->read : *data->write,
                           .writer = *writer,
                           .paths = paths,
                           .options = options,
                           .stop = [this] { Stop(); },
                           .readers = readers.get(),
                           .installer = installer.get()}));
  return Ok();
}

Status Server::Start(const ServeOptions& given) {
  data = std::make_unique<OpenData>(TRY(OpenDataFolder(paths, given.allow_network_fs)));
  options.pid = getpid();
  options.cores = static_cast<int>(std::thread::hardware_concurrency());
  options.program = os::SelfPath();
  options.sdk_path = FindSdk(options.program);
  options.host_facts = [data = paths.data] { return HostFactsOf(data); };
  options.free_bytes = FreeBytes;
  options.profiles = std::make_shared<env::Profiles>(TRY(env::LoadProfiles(
      *fs, FindProfiles(options.sdk_path), os::JoinPath(paths.data, "profiles"))));
  options.life_of_process = LifeOfProcess;
  // Left by requests that were cut off.
  TRY(fs->RemoveTree(paths.spool));
  TRY(fs->MakeDirs(paths.spool, 0700));
  TRY(ChooseRunRoot(given.run_root));
  container_engine = given.container_engine;
  TRY(ChooseEnvRoot(given.env_root));
  TRY(Remember(kFinalizingSetting, given.finalizing_seconds, &options.finalizing_seconds));
  TRY(Remember(kSilentSetting, given.silent_seconds, &options.silent_seconds));
  TRY(Listen(given.listen));
  TRY(Wire());
  TRY(WriteInfo(*fs, paths, options, SystemClock().WallMicros()));
  loop.OnTerminate([this] { Stop(); });
  core->Start();
  return Ok();
}

void Server::Stop() {
  if (stopping) return;
  stopping = true;
  LOG_INFO("server.stopping");
  int64_t now = SystemClock().BootMicros();
  core->BeginStop();
  Drain(now + 2'000'000);
}

/// Requests at hand get their answers; those that wait for an event (long polls, followers) come
/// back by themselves to the next server.
void Server::Drain(int64_t until_boot_us) {
  int64_t now = SystemClock().BootMicros();
  if (core->RequestsAtHand() > 0 && now < until_boot_us) {
    loop.After("server.drain", std::chrono::milliseconds(5),
               [this, until_boot_us] { Drain(until_boot_us); });
    return;
  }
  // What the last answers left in the sockets' queues goes out before the loop ends.
  loop.After("server.end", std::chrono::milliseconds(20), [this] { loop.Stop(); });
}

}  // namespace

std::string DataFolder(const std::string& data) {
  auto surroundings = client::Surroundings::OfThisProcess();
  return data.empty() ? surroundings.DataFolder() : surroundings.Absolute(data);
}

Result<int> Serve(const ServeOptions& options) {
  PrepareProcess();
  std::string folder = DataFolder(options.data);
  auto server = std::make_unique<Server>(Paths(folder));
  TRY(server->Start(options));
  std::printf("%s\n", server->options.url.c_str());
  std::fflush(stdout);
  LOG_INFO("server.serving", {"url", server->options.url}, {"data", folder},
           {"pid", server->options.pid});
  server->loop.Run();
  (void)server->fs->Remove(server->paths.info);
  server.reset();
  LOG_INFO("server.stopped");
  return 0;
}

}  // namespace rw::server
