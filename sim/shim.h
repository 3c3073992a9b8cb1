// The shim and the script of one allocation in the simulator: they outlive the executor.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "executor/supervisor.h"
#include "journal/writer.h"
#include "os/testing/memory_file_system.h"
#include "sim/network.h"
#include "sim/world.h"

namespace rw::sim {

struct ExecutorLife;

/// What the script does: `points` times log i and print i, then exit.
struct ScriptPlan {
  int points = 0;
  int64_t step_us = 1000;
  int exit_code = 0;
};

class Shim : public std::enable_shared_from_this<Shim> {
 public:
  /// What the scenario counts.
  struct Observer {
    std::function<void(const std::string& allocation)> script_started;
  };
  Shim(World& world, os::testing::MemoryFileSystem& disk, Network& network, ServerPort& port,
       const backend::StartRequest& request, std::string folder, ScriptPlan plan,
       Observer& observer);
  ~Shim();

  void StartExecutor();
  /// kill -9; the shim starts another a moment later.
  void KillExecutor();
  /// Has ended for good: its executor said BYE and left, or it was fenced before anything began.
  bool ended() const { return ended_; }
  const backend::StartRequest& request() const { return request_; }
  const ScriptPlan& plan() const { return plan_; }
  bool launched() const { return launched_; }
  /// Points that the script logged before it ended.
  int logged() const { return step_; }

 private:
  friend class ShimLink;
  void Launch();
  void ScriptStep();
  void KillScript();
  void EndScript(executor::Outcome outcome);
  void OnExecutorExit(int status);
  void Reap();
  void Tell(const std::function<void(executor::Supervisor::Listener&)>& message);
  void Hello();
  void At(int64_t delay, std::string_view name, void (Shim::*step)());

  World& world_;
  os::testing::MemoryFileSystem& disk_;
  Network& network_;
  ServerPort& port_;
  backend::StartRequest request_;
  std::string folder_;
  ScriptPlan plan_;
  Observer& observer_;

  std::unique_ptr<ExecutorLife> executor_;
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<os::File> log_;
  int step_ = 0;
  int exit_status_ = 0;
  bool launched_ = false;
  bool running_ = false;
  bool gone_ = false;
  bool bye_ = false;
  bool ended_ = false;
  executor::Outcome outcome_;
};

}  // namespace rw::sim
