// What the scheduler sees of one compute target: its settings, its nodes, its queue.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rw::sched {

enum class TargetKind {
  kLocal,  // this machine: max_nodes slots that are always there
  kAml,    // nodes come up on demand and leave when idle
};

struct TargetSettings {
  std::string name;
  TargetKind kind = TargetKind::kLocal;
  std::string vm_size;  // label for texts
  int64_t min_nodes = 0;
  int64_t max_nodes = 1;
  int64_t idle_us = 0;  // an idle node leaves after this
};

enum class NodeState { kPreparing, kIdle, kRunning, kLeaving };

struct Node {
  std::string id;  // "<target>-<n>", n from 0
  NodeState state = NodeState::kIdle;
  std::string run_id;    // kRunning
  int64_t since_us = 0;  // boot clock
};

struct TargetView {
  TargetSettings settings;
  std::vector<Node> nodes;         // sorted by number
  std::vector<std::string> queue;  // runs that wait, first come first
};

}  // namespace rw::sched
