#include "sim/executor_life.h"

namespace rw::sim {

ExecutorLife::ExecutorLife(World& world, os::testing::MemoryFileSystem& disk, Network& network,
                           ServerPort& port, const std::string& folder,
                           std::unique_ptr<executor::Supervisor> supervisor,
                           std::function<void(int)> on_exit)
    : loop(world, "executor"),
      pool(world, loop),
      fs(os::testing::MakeMortalFileSystem(disk, loop.life())),
      link(std::move(supervisor)) {
  executor::Context context{loop, pool, *fs, world, world.random};
  auto connect = [this, &network,
                  &port](const std::string&) -> Result<std::shared_ptr<net::Transport>> {
    return std::shared_ptr<net::Transport>(network.Connect(loop, port));
  };
  executor::ExecutorOptions options{folder, "node", 1, {{"PATH", "/usr/bin"}}};
  core = std::make_unique<executor::Executor>(context, connect, *link, nullptr, std::move(options));
  core->OnDone(std::move(on_exit));
}

ExecutorLife::~ExecutorLife() {
  // As kill -9: what destructors would still do must not be seen.
  loop.Kill();
}

void ExecutorLife::Start() {
  if (!core->Start()) loop.Post("executor:cannot-start", [] {});
}

}  // namespace rw::sim
