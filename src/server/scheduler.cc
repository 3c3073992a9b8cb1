#include "server/scheduler.h"

#include <algorithm>

#include "base/strings.h"

namespace rw::server {
namespace {

using sched::Node;
using sched::NodeState;

Node* FindNode(sched::TargetView& view, const std::string& id) {
  for (Node& node : view.nodes) {
    if (node.id == id) return &node;
  }
  return nullptr;
}

int64_t NumberOf(const std::string& node_id) {
  size_t dash = node_id.rfind('-');
  return dash == std::string::npos ? 0 : ParseInt(node_id.substr(dash + 1)).value_or(0);
}

}  // namespace

Scheduler::Scheduler(Loop& loop, Clock& clock) : loop_(loop), clock_(clock) {}

Scheduler::~Scheduler() {
  *alive_ = false;
  for (auto& [row, target] : targets_) {
    if (target.wake != 0) loop_.Cancel(target.wake);
  }
}

void Scheduler::SortNodes(sched::TargetView& view) {
  std::sort(view.nodes.begin(), view.nodes.end(),
            [](const Node& a, const Node& b) { return NumberOf(a.id) < NumberOf(b.id); });
}

void Scheduler::SyncQueue(Target& target) {
  target.view.queue.clear();
  for (const auto& [row, run] : target.queue) target.view.queue.push_back(run.id);
}

void Scheduler::SetTarget(int64_t compute_row, sched::TargetSettings settings) {
  auto [at, added] = targets_.try_emplace(compute_row);
  at->second.view.settings = std::move(settings);
  if (added) at->second.state_us = clock_.WallMicros();
  PumpSoon();
}

void Scheduler::RemoveTarget(int64_t compute_row) {
  auto at = targets_.find(compute_row);
  if (at == targets_.end()) return;
  if (at->second.wake != 0) loop_.Cancel(at->second.wake);
  targets_.erase(at);
}

std::optional<std::string> Scheduler::TryPlace(int64_t compute_row, const std::string& run_id) {
  auto at = targets_.find(compute_row);
  if (at == targets_.end() || !at->second.queue.empty()) return std::nullopt;
  sched::TargetView view = at->second.view;
  view.queue = {run_id};
  sched::Plan plan = sched::MakePlan(view, clock_.BootMicros());
  if (plan.placements.empty()) return std::nullopt;
  Occupy(compute_row, plan.placements[0].node_id, run_id);
  return plan.placements[0].node_id;
}

void Scheduler::Occupy(int64_t compute_row, const std::string& node, const std::string& run_id) {
  auto at = targets_.find(compute_row);
  if (at == targets_.end()) return;
  Node* known = FindNode(at->second.view, node);
  if (known == nullptr) {
    at->second.view.nodes.push_back({node, NodeState::kIdle, "", 0});
    SortNodes(at->second.view);
    known = FindNode(at->second.view, node);
  }
  known->state = NodeState::kRunning;
  known->run_id = run_id;
  known->since_us = clock_.BootMicros();
  NoteState(at->second);
}

void Scheduler::Release(int64_t compute_row, const std::string& node) {
  auto at = targets_.find(compute_row);
  if (at == targets_.end()) return;
  auto& nodes = at->second.view.nodes;
  Node* known = FindNode(at->second.view, node);
  if (known == nullptr) return;
  if (at->second.view.settings.kind == sched::TargetKind::kLocal) {
    nodes.erase(nodes.begin() + (known - nodes.data()));
  } else {
    *known = {node, NodeState::kIdle, "", clock_.BootMicros()};
  }
  NoteState(at->second);
  PumpSoon();
}

void Scheduler::Enqueue(int64_t compute_row, QueuedRun run) {
  auto at = targets_.find(compute_row);
  if (at == targets_.end()) return;
  int64_t row = run.row;
  at->second.queue[row] = std::move(run);
  SyncQueue(at->second);
  PumpSoon();
}

void Scheduler::Dequeue(const std::string& run_id) {
  for (auto& [row, target] : targets_) {
    size_t removed =
        std::erase_if(target.queue, [&](const auto& entry) { return entry.second.id == run_id; });
    if (removed == 0) continue;
    target.waiting.erase(run_id);
    SyncQueue(target);
    PumpSoon();
  }
}

void Scheduler::PumpSoon() {
  if (pump_posted_) return;
  pump_posted_ = true;
  loop_.Post("scheduler.pump", [this, alive = alive_] {
    if (!*alive) return;
    pump_posted_ = false;
    std::vector<int64_t> rows;
    for (const auto& [row, target] : targets_) rows.push_back(row);
    for (int64_t row : rows) Pump(row);
  });
}

void Scheduler::Pump(int64_t compute_row) {
  auto at = targets_.find(compute_row);
  if (at == targets_.end()) return;
  Target& target = at->second;
  // Nodes that leave are gone in the turn after: for that one turn get_status shows them leaving.
  std::erase_if(target.view.nodes, [](const Node& n) { return n.state == NodeState::kLeaving; });
  for (Node& node : target.view.nodes) {
    if (node.state != NodeState::kPreparing) continue;
    node.state = NodeState::kIdle;
    node.since_us = clock_.BootMicros();
  }
  ApplyPlan(compute_row, target, sched::MakePlan(target.view, clock_.BootMicros()));
}

void Scheduler::ApplyPlan(int64_t compute_row, Target& target, const sched::Plan& plan) {
  for (const std::string& id : plan.new_nodes) {
    target.view.nodes.push_back({id, NodeState::kPreparing, "", clock_.BootMicros()});
  }
  SortNodes(target.view);
  for (const std::string& id : plan.leaving_nodes) {
    FindNode(target.view, id)->state = NodeState::kLeaving;
  }
  for (const sched::Placement& placement : plan.placements) Place(compute_row, target, placement);
  std::map<std::string, sched::Waiting> before;
  before.swap(target.waiting);
  for (const sched::Waiting& waiting : plan.waiting) {
    auto old = before.find(waiting.run_id);
    bool told = old != before.end() && old->second.status == waiting.status;
    target.waiting[waiting.run_id] = waiting;
    if (!told && on_wait) on_wait(waiting.run_id, waiting.status, waiting.reason);
    bool moved = told && old->second.reason != waiting.reason;
    if (moved && on_move) on_move(waiting.run_id);
  }
  NoteState(target);
  if (!plan.new_nodes.empty() || !plan.leaving_nodes.empty()) PumpSoon();
  if (target.wake != 0) loop_.Cancel(target.wake);
  target.wake = 0;
  if (plan.wake_us == 0) return;
  auto delay = std::chrono::microseconds(std::max<int64_t>(plan.wake_us - clock_.BootMicros(), 0));
  target.wake = loop_.After("scheduler.wake", delay, [this, alive = alive_, compute_row] {
    if (!*alive) return;
    if (auto woken = targets_.find(compute_row); woken != targets_.end()) woken->second.wake = 0;
    PumpSoon();
  });
}

void Scheduler::Place(int64_t compute_row, Target& target, const sched::Placement& placement) {
  auto entry = std::find_if(target.queue.begin(), target.queue.end(), [&](const auto& candidate) {
    return candidate.second.id == placement.run_id;
  });
  if (entry == target.queue.end()) return;
  QueuedRun run = std::move(entry->second);
  target.queue.erase(entry);
  SyncQueue(target);
  Occupy(compute_row, placement.node_id, run.id);
  if (on_place) on_place(compute_row, std::move(run), placement.node_id);
}

void Scheduler::NoteState(Target& target) {
  bool resizing = sched::IsResizing(target.view);
  if (resizing == target.resizing) return;
  target.resizing = resizing;
  target.state_us = clock_.WallMicros();
}

std::optional<sched::Waiting> Scheduler::WaitingOf(int64_t compute_row,
                                                   const std::string& run_id) const {
  auto at = targets_.find(compute_row);
  if (at == targets_.end()) return std::nullopt;
  auto waiting = at->second.waiting.find(run_id);
  if (waiting == at->second.waiting.end()) return std::nullopt;
  return waiting->second;
}

std::optional<TargetFacts> Scheduler::FactsOf(int64_t compute_row) const {
  auto at = targets_.find(compute_row);
  if (at == targets_.end()) return std::nullopt;
  const Target& target = at->second;
  return TargetFacts{target.view, target.state_us, sched::IsResizing(target.view),
                     sched::TargetNodeCount(target.view)};
}

}  // namespace rw::server
