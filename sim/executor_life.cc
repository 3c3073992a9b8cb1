#include "sim/executor_life.h"

namespace rw::sim {

ExecutorLife::ExecutorLife(const Shim::Place& place,
                           std::unique_ptr<executor::Supervisor> supervisor,
                           std::function<void(int)> on_exit)
    : loop(place.world, "executor"),
      pool(place.world, loop),
      fs(os::testing::MakeMortalFileSystem(place.disk, loop.life())),
      link(std::move(supervisor)) {
  executor::Context context{loop, pool, *fs, place.world, place.world.random};
  auto connect = [this, &network = place.network, &port = place.port, line = place.line](
                     const std::string&) -> Result<std::shared_ptr<net::Transport>> {
    return std::shared_ptr<net::Transport>(network.Connect(loop, port, line));
  };
  executor::ExecutorOptions options{place.folder, "node", 1, {{"PATH", "/usr/bin"}}};
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
