// Child programs and facts about processes, passed in from main; the simulator has its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::os {

/// A process for good: pids are reused, pid + start time within one boot are not.
struct ProcessIdentity {
  int pid = 0;
  uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat
  std::string boot_id;
  bool operator==(const ProcessIdentity&) const = default;
};

struct LaunchSpec {
  std::vector<std::string> argv;         // argv[0] is the program's path
  std::vector<std::string> environment;  // "NAME=value"; exactly these
  std::string working_dir;
  std::string stdout_path;  // appended to; /dev/null where empty
  std::string stderr_path;  // the same file as stdout where empty
  bool new_session = true;
};

class ProcessLauncher {
 public:
  virtual ~ProcessLauncher() = default;
  /// A child that nobody waits for: it outlives this process, and is reaped without our help.
  virtual Result<ProcessIdentity> SpawnDetached(const LaunchSpec& spec) = 0;
  /// Does that very process still run? A zombie does not.
  virtual bool IsAlive(const ProcessIdentity& identity) = 0;
  /// kNotFound when that process is gone (also when its pid was given to another).
  virtual Status Signal(const ProcessIdentity& identity, int signal) = 0;
  /// As os::KillByEnvironment.
  virtual int KillByEnvironment(std::string_view variable) = 0;
  /// Removes an empty control group that a dead supervisor left; one with processes stays.
  virtual void RemoveGroup(const std::string& folder) = 0;
};

ProcessLauncher& PosixProcessLauncher();

Result<ProcessIdentity> IdentityOf(int pid);
/// SIGKILL to every process of this machine, but this one, that was started with `variable`
/// ("NAME=value") in its environment. Returns how many there were.
int KillByEnvironment(std::string_view variable);
std::string BootId();
/// Absolute path of the running program.
std::string SelfPath();

/// Runs to the end in the calling thread (a pool thread), output captured up to 1 MiB each.
struct CommandResult {
  int exit_code = 0;  // 128 + signal when killed
  std::string out;
  std::string err;
};
Result<CommandResult> RunCommand(const LaunchSpec& spec, int64_t timeout_ms);

}  // namespace rw::os
