// Node over /proc, statvfs, fallocate, and NVIDIA's management library where there is one.
#pragma once

#include <memory>

#include "executor/node.h"

namespace rw::executor {

/// The run's processes are the descendants of `supervisor` but for this one.
std::unique_ptr<Node> MakePosixNode(int supervisor);

}  // namespace rw::executor
