#include "sim/server_process.h"

#include "db/connection.h"
#include "db/file_system_vfs.h"
#include "db/writer.h"
#include "meta/schema.h"
#include "os/testing/mortal_file_system.h"
#include "os/testing/mounted_file_system.h"
#include "server/auth.h"
#include "sim/installer.h"

namespace rw::sim {
namespace {
constexpr char kData[] = "/data";
constexpr std::chrono::microseconds kCommitDelay{300};
constexpr int kCheckpointPages = 30;  // few, so that power is lost in the middle of some
}  // namespace

/// Everything that ends with the process, in order of construction.
struct ServerProcess::Life {
  Life(World& world, os::FileSystem& disk, os::FileSystem& nodes, const std::string& name)
      : loop(world, name),
        pool(world, loop),
        all(os::testing::MakeMountedFileSystem(
            disk, {{"/runs", &nodes}, {"/other", &nodes}, {"/home", &nodes}})),
        fs(os::testing::MakeMortalFileSystem(*all, loop.life())),
        vfs(name, *fs, world, world.random),
        installer(world, loop, *fs) {}
  ProcessLoop loop;
  InlinePool pool;
  std::unique_ptr<os::FileSystem> all;
  std::unique_ptr<os::FileSystem> fs;
  db::FileSystemVfs vfs;
  Installer installer;
  std::unique_ptr<db::Connection> connection;
  std::unique_ptr<db::Writer> writer;
  std::unique_ptr<server::Core> core;
};

ServerProcess::ServerProcess(World& world, ServerDisk& disk, os::FileSystem& nodes,
                             backend::ComputeBackend& backend, ServerPort& port)
    : world_(world), disk_(disk), nodes_(nodes), backend_(backend), port_(port) {
  disk_.on_power_loss = [this] { Die(Death::kPowerLoss); };
}

ServerProcess::~ServerProcess() {
  if (alive()) Die(Death::kKill);
  Bury();
}

Status ServerProcess::Start() {
  CHECK(!life_);
  std::string name = "server-" + std::to_string(++starts_);
  auto wal = disk_.fs().Stat(server::Paths(kData).database + "-wal");
  if (wal && wal->size > 0) world_.coverage.Hit("start:with-wal");
  life_ = std::make_unique<Life>(world_, disk_.fs(), nodes_, name);
  Status started = StartLife(*life_, name);
  if (started && !death_) return Ok();
  if (death_) world_.coverage.Hit("server:dies-in-start");
  if (!death_) Die(Death::kKill);
  Bury();
  if (started) return Error(Code::kNoSpace, "power went while it started");
  return started;
}

Status ServerProcess::StartLife(Life& life, const std::string& name) {
  TRY(life.fs->MakeDirs(kData, 0700));
  TRY(life.fs->SyncDir(kData));
  server::Paths paths(kData);
  life.connection = TRY(db::Connection::Open(
      paths.database, {.vfs = name, .exclusive = true, .checkpoint_pages = kCheckpointPages}));
  TRY(db::Migrate(*life.connection, meta::Migrations()));
  if (owner_token_.empty()) {
    owner_token_ = world_.random.Hex(32);
    TRY(server::Auth::InsertOwnerToken(*life.connection, owner_token_, world_.WallMicros()));
  }
  life.writer = db::MakeLoopWriter(life.loop, *life.connection, kCommitDelay);
  server::CoreOptions options;
  options.url = "http://server";
  options.default_python = "/usr/bin/python3";
  options.life_of_process = life_of_process;
  life.core = TRY(server::Core::Create({.loop = life.loop,
                                        .pool = life.pool,
                                        .clock = world_,
                                        .random = world_.random,
                                        .fs = *life.fs,
                                        .backend = backend_,
                                        .read = *life.connection,
                                        .writer = *life.writer,
                                        .paths = paths,
                                        .options = options,
                                        .stop = [] {},
                                        .installer = &life.installer}));
  life.core->Start();
  port_.alive = life.loop.life();
  port_.handler = [core = life.core.get()](net::Request request,
                                           std::shared_ptr<net::Responder> responder) {
    core->Handle(std::move(request), std::move(responder));
  };
  return Ok();
}

void ServerProcess::Die(Death death) {
  if (death_ || !life_) return;
  world_.Trace(death == Death::kKill ? "fault:kill-server" : "fault:power-loss");
  world_.coverage.Hit(death == Death::kKill ? "server:kill" : "server:power");
  death_ = death;
  life_->loop.Kill();
}

void ServerProcess::Bury() {
  if (!death_) return;
  port_.handler = nullptr;
  if (*death_ == Death::kPowerLoss) disk_.Crash();
  life_.reset();
  death_.reset();
}

Status ServerProcess::BackUp(const std::string& path) {
  CHECK(alive());
  (void)life_->fs->Remove(path);
  TRY(life_->connection->Execute("VACUUM INTO '" + path + "'"));
  auto copy = TRY(life_->fs->Open(path, os::OpenMode::kReadWrite));
  TRY(copy->Sync());
  return life_->fs->SyncDir(kData);
}

}  // namespace rw::sim
