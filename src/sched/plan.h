// The scheduler: a pure function from a view and the time to what should happen. First come, first
// served per target; a run is never put on a node that another uses.
#pragma once

#include <string>
#include <vector>

#include "model/run_state.h"
#include "sched/view.h"

namespace rw::sched {

struct Placement {
  std::string run_id;
  std::string node_id;
};

struct Waiting {
  std::string run_id;
  model::RunStatus status;  // kQueued or kProvisioning
  model::Reason reason;
};

struct Plan {
  std::vector<Placement> placements;
  std::vector<std::string> new_nodes;      // to be prepared
  std::vector<std::string> leaving_nodes;  // idle ones that go
  std::vector<Waiting> waiting;            // everyone in the queue who got no place
  /// When to plan again though nothing happened (boot clock); 0: never.
  int64_t wake_us = 0;
};

Plan MakePlan(const TargetView& view, int64_t now_us);

/// Nodes that the target is on its way to having: what `get_status` calls the target node count.
int64_t TargetNodeCount(const TargetView& view);
/// On its way: a node comes or goes.
bool IsResizing(const TargetView& view);

/// Text of an API node state: "preparing", "idle", "running", "leaving".
std::string_view NodeStateName(NodeState state);

}  // namespace rw::sched
