// What every part of the executor's core works with. The core has no thread, socket or system call
// of its own, so the simulator runs it as it is.
#pragma once

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"
#include "os/file_system.h"

namespace rw::executor {

struct Context {
  Loop& loop;
  WorkerPool& pool;
  os::FileSystem& fs;
  Clock& clock;
  Random& random;
};

}  // namespace rw::executor
