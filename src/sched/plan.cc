#include "sched/plan.h"

#include <algorithm>
#include <set>

namespace rw::sched {
namespace {

std::string NodeId(const TargetSettings& settings, int64_t number) {
  return settings.name + "-" + std::to_string(number);
}

/// Smallest numbers that no node has.
std::vector<std::string> FreshIds(const TargetView& view, int64_t count) {
  std::set<std::string> taken;
  for (const Node& node : view.nodes) taken.insert(node.id);
  std::vector<std::string> fresh;
  for (int64_t n = 0; static_cast<int64_t>(fresh.size()) < count; n++) {
    std::string id = NodeId(view.settings, n);
    if (!taken.contains(id)) fresh.push_back(std::move(id));
  }
  return fresh;
}

int64_t CountIn(const TargetView& view, NodeState state) {
  return std::count_if(view.nodes.begin(), view.nodes.end(),
                       [&](const Node& n) { return n.state == state; });
}

/// Nodes that can take a run now, in order of their numbers, within max_nodes.
std::vector<std::string> FreeNodes(const TargetView& view) {
  int64_t room = view.settings.max_nodes - CountIn(view, NodeState::kRunning);
  std::vector<std::string> free;
  if (view.settings.kind == TargetKind::kLocal) return FreshIds(view, std::max<int64_t>(room, 0));
  for (const Node& node : view.nodes) {
    if (static_cast<int64_t>(free.size()) >= room) break;
    if (node.state == NodeState::kIdle) free.push_back(node.id);
  }
  return free;
}

std::string SlotText(const TargetSettings& s) {
  const char* what = s.kind == TargetKind::kLocal ? "slot" : "node";
  std::string all =
      s.max_nodes == 1 ? "the only one is" : "all " + std::to_string(s.max_nodes) + " are";
  return "waiting for a " + std::string(what) + " of '" + s.name + "': " + all + " in use";
}

Waiting WaitOf(const TargetView& view, const std::string& run, int64_t position, bool node_comes) {
  const TargetSettings& s = view.settings;
  if (s.max_nodes == 0) {
    return {run,
            model::RunStatus::kQueued,
            {"'" + s.name + "' has max_nodes 0; set it higher to let runs start", position}};
  }
  if (node_comes) {
    return {run,
            model::RunStatus::kProvisioning,
            {"a node of '" + s.name + "' (" + s.vm_size + ") is being prepared", position}};
  }
  return {run, model::RunStatus::kQueued, {SlotText(s), position}};
}

/// Idle nodes that nobody took: those above max_nodes go at once, those above min_nodes when they
/// have been idle for long enough (the longest idle first).
void PlanDepartures(const TargetView& view, const std::set<std::string>& taken, int64_t now_us,
                    Plan& plan) {
  std::vector<const Node*> idle;
  for (const Node& node : view.nodes) {
    if (node.state == NodeState::kIdle && !taken.contains(node.id)) idle.push_back(&node);
  }
  std::stable_sort(idle.begin(), idle.end(),
                   [](const Node* a, const Node* b) { return a->since_us < b->since_us; });
  int64_t staying = static_cast<int64_t>(view.nodes.size()) - CountIn(view, NodeState::kLeaving);
  for (const Node* node : idle) {
    if (staying <= view.settings.min_nodes) return;
    int64_t due = node->since_us + view.settings.idle_us;
    if (staying > view.settings.max_nodes || due <= now_us) {
      plan.leaving_nodes.push_back(node->id);
      staying--;
    } else {
      plan.wake_us = due;
      return;
    }
  }
}

}  // namespace

Plan MakePlan(const TargetView& view, int64_t now_us) {
  Plan plan;
  std::vector<std::string> free = FreeNodes(view);
  std::set<std::string> taken;
  size_t placed = std::min(free.size(), view.queue.size());
  for (size_t i = 0; i < placed; i++) {
    plan.placements.push_back({view.queue[i], free[i]});
    taken.insert(free[i]);
  }
  int64_t left = static_cast<int64_t>(view.queue.size() - placed);
  int64_t coming = 0;
  if (view.settings.kind == TargetKind::kAml) {
    int64_t nodes = static_cast<int64_t>(view.nodes.size());
    int64_t preparing = CountIn(view, NodeState::kPreparing);
    int64_t wanted = std::max(left - preparing, view.settings.min_nodes - nodes);
    int64_t room = std::min(view.settings.max_nodes - nodes, wanted);
    plan.new_nodes = FreshIds(view, std::max<int64_t>(room, 0));
    coming = preparing + static_cast<int64_t>(plan.new_nodes.size());
    PlanDepartures(view, taken, now_us, plan);
  }
  for (int64_t i = 0; i < left; i++) {
    plan.waiting.push_back(
        WaitOf(view, view.queue[placed + static_cast<size_t>(i)], i + 1, i < coming));
  }
  return plan;
}

}  // namespace rw::sched
