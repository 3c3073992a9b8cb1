// The process that logs an interactive run, as its heartbeats name it.
#pragma once

#include <cstdint>
#include <string>

#include "backend/backend.h"
#include "base/result.h"
#include "json/value.h"

namespace rw::server {

/// pid, start_ticks, boot_id and pid_space together name one process for ever; where all of them
/// are of this machine it can be looked for.
struct LoggingProcess {
  std::string host;
  int64_t pid = 0;
  int64_t start_ticks = 0;  // field 22 of /proc/PID/stat
  std::string boot_id;      // "": unknown
  std::string pid_space;    // its pid namespace ("pid:[4026531836]"); "": unknown
  std::string folder;       // of the run on that host, absolute (local-run.md); "": none

  bool operator==(const LoggingProcess&) const = default;
  json::Value ToJson() const;
  /// "pid 4711 on HOST"
  std::string Words() const;
};

/// Absent or wrong-typed members are empty; kInvalidArgument, naming the member, where no process
/// can be meant.
Result<LoggingProcess> ReadLoggingProcess(const json::Value& process);

/// kDead is proof: it ran on this machine and is gone, or this machine was started anew since.
/// Anything that cannot be told from here is kUnknown. Of the real machine; from any thread.
backend::Life LifeOfProcess(const LoggingProcess& process);

}  // namespace rw::server
