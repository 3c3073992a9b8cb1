// inotify and file leases.
#pragma once

#include <memory>

#include "executor/watcher.h"

namespace rw::net {
class AsioLoop;
}

namespace rw::executor {

/// Works also where the machine has no inotify instances left: Watch then gives null.
std::unique_ptr<FileWatcher> MakeFileWatcher(net::AsioLoop& loop);

}  // namespace rw::executor
