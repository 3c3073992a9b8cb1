// The compute targets of this server in memory: nodes, queues, and the plan applied to them. What
// is durable about them is in allocations and computes; nodes of the local backend are slots of
// this machine and need no row.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "sched/plan.h"
#include "server/environment_gate.h"

namespace rw::server {

/// A run that waits for a place, with everything its start needs.
struct QueuedRun {
  int64_t row = 0;  // of the run: the order of submission
  std::string id;
  ReadyEnvironment environment;
};

struct TargetFacts {
  sched::TargetView view;
  int64_t state_us = 0;  // wall time at which allocation_state last changed
  bool resizing = false;
  int64_t target_nodes = 0;
};

/// On the loop's thread. Targets are named by the row of their compute; 0 is `local`.
class Scheduler {
 public:
  Scheduler(Loop& loop, Clock& clock);
  ~Scheduler();

  /// A run got a node: it is marked running until Release.
  std::function<void(int64_t compute_row, QueuedRun run, std::string node)> on_place;
  /// A run's waiting state changed (not merely its position).
  std::function<void(const std::string& run_id, model::RunStatus status, model::Reason reason)>
      on_wait;

  /// A waiting run's position or reason changed; what it is now is in WaitingOf.
  std::function<void(const std::string& run_id)> on_move;

  void SetTarget(int64_t compute_row, sched::TargetSettings settings);
  void RemoveTarget(int64_t compute_row);
  /// A node for `run_id` at once, where one is free and nobody waits for it.
  std::optional<std::string> TryPlace(int64_t compute_row, const std::string& run_id);
  /// A node that an allocation of an earlier life of the server holds.
  void Occupy(int64_t compute_row, const std::string& node, const std::string& run_id);
  void Release(int64_t compute_row, const std::string& node);
  void Enqueue(int64_t compute_row, QueuedRun run);
  /// The run no longer waits.
  void Dequeue(const std::string& run_id);
  /// Plans every target and applies the plans; soon, once, however often it is called.
  void PumpSoon();

  /// Where a waiting run stands now; nullopt when it does not wait here.
  std::optional<sched::Waiting> WaitingOf(int64_t compute_row, const std::string& run_id) const;
  std::optional<TargetFacts> FactsOf(int64_t compute_row) const;

 private:
  struct Target {
    sched::TargetView view;
    std::map<int64_t, QueuedRun> queue;  // by run row
    std::map<std::string, sched::Waiting> waiting;
    int64_t state_us = 0;
    bool resizing = false;
    TimerId wake = 0;
  };
  void Pump(int64_t compute_row);
  void ApplyPlan(int64_t compute_row, Target& target, const sched::Plan& plan);
  void Place(int64_t compute_row, Target& target, const sched::Placement& placement);
  void NoteState(Target& target);
  static void SortNodes(sched::TargetView& view);
  static void SyncQueue(Target& target);

  Loop& loop_;
  Clock& clock_;
  std::map<int64_t, Target> targets_;
  bool pump_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
