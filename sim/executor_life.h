// The executor as one simulated process: the real executor::Executor over simulated parts.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "executor/executor.h"
#include "executor/supervisor.h"
#include "os/testing/mortal_file_system.h"
#include "sim/shim.h"
#include "sim/world.h"

namespace rw::sim {

struct ExecutorLife {
  ExecutorLife(const Shim::Place& place, std::unique_ptr<executor::Supervisor> link,
               std::function<void(int)> on_exit);
  ~ExecutorLife();
  void Start();

  ProcessLoop loop;
  InlinePool pool;
  std::unique_ptr<os::FileSystem> fs;
  std::unique_ptr<executor::Supervisor> link;
  executor::Supervisor::Listener* listener = nullptr;
  std::unique_ptr<executor::Executor> core;
};

}  // namespace rw::sim
