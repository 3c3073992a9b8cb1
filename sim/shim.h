// The shim of one allocation in the simulator: it outlives the executor, and may be killed itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "executor/supervisor.h"
#include "os/testing/memory_file_system.h"
#include "sim/network.h"
#include "sim/script.h"
#include "sim/world.h"

namespace rw::sim {

struct ExecutorLife;

class Shim : public std::enable_shared_from_this<Shim> {
 public:
  /// What the scenario counts.
  struct Observer {
    std::function<void(const std::string& allocation)> script_started;
  };
  /// The parts of the world that it works with.
  struct Place {
    World& world;
    os::testing::MemoryFileSystem& disk;
    Network& network;
    ServerPort& port;
    std::shared_ptr<Line> line;
    std::string folder;
  };
  Shim(Place place, const backend::StartRequest& request, ScriptPlan plan, Observer& observer);
  ~Shim();

  void StartExecutor();
  /// kill -9; the shim starts another a moment later.
  void KillExecutor();
  /// kill -9 of the shim itself. Its executor dies with it, or finds the link closed. The script
  /// runs on.
  void Kill(bool with_executor);
  /// Has ended for good: killed, or its executor said BYE and left.
  bool ended() const { return ended_; }
  bool killed() const { return killed_; }
  const backend::StartRequest& request() const { return request_; }
  const std::string& folder() const { return place_.folder; }
  bool launched() const { return script_ != nullptr; }
  Script* script() const { return script_.get(); }

 private:
  friend class ShimLink;
  void Launch();
  void ScriptEnded(executor::Outcome outcome);
  void OnExecutorExit(int status);
  void Reap();
  void Tell(const std::function<void(executor::Supervisor::Listener&)>& message);
  void Hello();
  void LinkClosed();
  void At(int64_t delay, std::string_view name, void (Shim::*step)());

  Place place_;
  World& world_;
  backend::StartRequest request_;
  ScriptPlan plan_;
  Observer& observer_;

  std::unique_ptr<ExecutorLife> executor_;
  std::shared_ptr<Script> script_;
  int exit_status_ = 0;
  bool bye_ = false;
  bool ended_ = false;
  bool killed_ = false;
  executor::Outcome outcome_;
};

}  // namespace rw::sim
