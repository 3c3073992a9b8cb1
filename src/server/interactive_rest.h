// What the dead process of an interactive run left in its folder, where this machine sees it.
#pragma once

#include <functional>
#include <string>

#include "json/value.h"
#include "os/file_system.h"
#include "server/logging_process.h"

namespace rw::server {

struct InteractiveRest {
  LoggingProcess process;
  int64_t lost_boot_us = 0;  // when its death was seen
  bool there = false;        // its folder can be read here
  bool others = false;       // a forked process of it still logs
  int64_t last_us = 0;       // when it wrote last; before Find: when it was heard last, or 0
  std::string outputs;       // the folder whose files are the run's; "": none

  /// Reads the folder: from a worker.
  void Find(os::FileSystem& fs, const std::string& run_id,
            const std::function<backend::Life(const LoggingProcess&)>& life_of);
  /// The RunError of a run that ended so.
  json::Value Error(const std::string& run_id) const;
};

}  // namespace rw::server
