#include "sim/server_process.h"

#include "db/connection.h"
#include "db/writer.h"
#include "meta/schema.h"
#include "os/testing/mortal_file_system.h"
#include "server/auth.h"

namespace rw::sim {
namespace {
constexpr char kData[] = "/data";
constexpr std::chrono::microseconds kCommitDelay{300};
}  // namespace

/// Everything that ends with the process, in order of construction.
struct ServerProcess::Life {
  Life(World& world, os::FileSystem& disk, const std::string& name)
      : loop(world, name),
        pool(world, loop),
        fs(os::testing::MakeMortalFileSystem(disk, loop.life())),
        vfs(name, *fs, world, world.random) {}
  ProcessLoop loop;
  InlinePool pool;
  std::unique_ptr<os::FileSystem> fs;
  db::FileSystemVfs vfs;
  std::unique_ptr<db::Connection> connection;
  std::unique_ptr<db::Writer> writer;
  std::unique_ptr<server::Core> core;
};

ServerProcess::ServerProcess(World& world, os::testing::MemoryFileSystem& disk,
                             backend::ComputeBackend& backend, ServerPort& port)
    : world_(world), disk_(disk), backend_(backend), port_(port) {}

ServerProcess::~ServerProcess() {
  if (alive()) Kill(Death::kKill);
}

Status ServerProcess::Start() {
  std::string name = "server-" + std::to_string(++starts_);
  auto life = std::make_unique<Life>(world_, disk_, name);
  TRY(life->fs->MakeDirs(kData, 0700));
  TRY(life->fs->SyncDir(kData));
  server::Paths paths(kData);
  life->connection = TRY(db::Connection::Open(paths.database, {.vfs = name, .exclusive = true}));
  TRY(db::Migrate(*life->connection, meta::Migrations()));
  if (owner_token_.empty()) {
    owner_token_ = world_.random.Hex(32);
    TRY(server::Auth::InsertOwnerToken(*life->connection, owner_token_, world_.WallMicros()));
  }
  life->writer = db::MakeLoopWriter(life->loop, *life->connection, kCommitDelay);
  server::CoreOptions options;
  options.url = "http://server";
  options.default_python = "/usr/bin/python3";
  life->core = TRY(server::Core::Create({.loop = life->loop,
                                         .pool = life->pool,
                                         .clock = world_,
                                         .random = world_.random,
                                         .fs = *life->fs,
                                         .backend = backend_,
                                         .read = *life->connection,
                                         .writer = *life->writer,
                                         .paths = paths,
                                         .options = options,
                                         .stop = [] {}}));
  life->core->Start();
  port_.alive = life->loop.life();
  port_.handler = [core = life->core.get()](net::Request request,
                                            std::shared_ptr<net::Responder> responder) {
    core->Handle(std::move(request), std::move(responder));
  };
  life_ = std::move(life);
  return Ok();
}

void ServerProcess::Kill(Death death) {
  world_.Trace(death == Death::kKill ? "fault:kill-server" : "fault:power-loss");
  life_->loop.Kill();
  port_.handler = nullptr;
  if (death == Death::kPowerLoss) disk_.Crash();
  life_.reset();
}

}  // namespace rw::sim
