// Looks for a logging process on the real machine.
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "os/file_system.h"
#include "os/process.h"
#include "server/logging_process.h"

namespace rw::server {
namespace {

std::string OwnPidSpace() {
  auto link = os::PosixFileSystem().ReadLink("/proc/self/ns/pid");
  return link ? *link : "";
}

std::string OwnHost() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

backend::Life LifeOfProcess(const LoggingProcess& process) {
  static const std::string kPidSpace = OwnPidSpace();
  if (process.boot_id.empty()) return backend::Life::kUnknown;
  if (process.boot_id != os::BootId()) {
    // Names of hosts are not unique: the folder shows that it was this one.
    bool here = process.host == OwnHost() && !process.folder.empty() &&
                os::Exists(os::PosixFileSystem(), process.folder + "/run.json");
    return here ? backend::Life::kDead : backend::Life::kUnknown;
  }
  if (process.pid_space.empty() || process.pid_space != kPidSpace) return backend::Life::kUnknown;
  os::ProcessIdentity identity{static_cast<int>(process.pid),
                               static_cast<uint64_t>(process.start_ticks), process.boot_id};
  if (os::PosixProcessLauncher().IsAlive(identity)) return backend::Life::kAlive;
  // /proc may hide the processes of others (hidepid); a signal tells that there is one.
  bool hidden = kill(identity.pid, 0) != 0 && errno == EPERM && !os::IdentityOf(identity.pid);
  return hidden ? backend::Life::kUnknown : backend::Life::kDead;
}

}  // namespace rw::server
