// What /proc tells of a tree of processes and of the machine.
#pragma once

#include "executor/node.h"

namespace rw::executor {

/// Adds every descendant of `root` but this process.
void AddProcesses(int root, NodeSample& sample);
void AddMachine(NodeSample& sample);

}  // namespace rw::executor
