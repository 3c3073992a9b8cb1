#include <algorithm>

#include "sched/plan.h"

namespace rw::sched {

int64_t TargetNodeCount(const TargetView& view) {
  const TargetSettings& s = view.settings;
  if (s.kind == TargetKind::kLocal) return s.max_nodes;
  int64_t staying = 0, running = 0;
  for (const Node& node : view.nodes) {
    if (node.state != NodeState::kLeaving) staying++;
    if (node.state == NodeState::kRunning) running++;
  }
  int64_t wanted = running + static_cast<int64_t>(view.queue.size());
  return std::max(s.min_nodes, std::min(s.max_nodes, std::max(wanted, staying)));
}

bool IsResizing(const TargetView& view) {
  if (view.settings.kind == TargetKind::kLocal) return false;
  for (const Node& node : view.nodes) {
    if (node.state == NodeState::kPreparing || node.state == NodeState::kLeaving) return true;
  }
  return TargetNodeCount(view) != static_cast<int64_t>(view.nodes.size());
}

std::string_view NodeStateName(NodeState state) {
  switch (state) {
    case NodeState::kPreparing:
      return "preparing";
    case NodeState::kIdle:
      return "idle";
    case NodeState::kRunning:
      return "running";
    case NodeState::kLeaving:
      return "leaving";
  }
  return "unusable";
}

}  // namespace rw::sched
