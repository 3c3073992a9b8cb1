// Facts about files that os::FileSystem does not give. The core works without: it polls.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"

namespace rw::executor {

class FileWatcher {
 public:
  virtual ~FileWatcher() = default;
  /// Calls `changed` on the loop after writes to `path` until the result is destroyed; several
  /// writes may be one call. Null where the machine has no watches left (or none at all): the
  /// caller polls.
  virtual std::shared_ptr<void> Watch(const std::string& path, Task changed) = 0;
  /// Does any process have the file open for writing? False where that cannot be known.
  virtual bool IsOpenForWriting(const std::string& path) = 0;
};

}  // namespace rw::executor
