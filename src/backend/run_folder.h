// Paths of a run's folder (docs/dev/formats/run-folder.md) and the identity lines in it.
#pragma once

#include <string>

#include "base/result.h"
#include "json/value.h"
#include "os/file_system.h"
#include "os/process.h"

namespace rw::backend {

struct RunFolder {
  std::string root;

  std::string state() const { return root + "/state"; }
  std::string claim() const { return root + "/state/claim.json"; }
  std::string shim() const { return root + "/state/shim"; }
  std::string group() const { return root + "/state/group"; }
  std::string container() const { return root + "/state/container"; }
  std::string started() const { return root + "/state/started"; }
  std::string exit() const { return root + "/state/exit"; }
  std::string executor_log() const { return root + "/state/executor.log"; }
  std::string shim_log() const { return root + "/state/shim.log"; }
};

/// "pid start_ticks boot_id …", as the shim writes them.
Result<os::ProcessIdentity> ReadIdentity(os::FileSystem& fs, const std::string& path);

/// `code <n> wall_us`, `signal <n> wall_us` or `exec-failed <errno> <path> wall_us` as an exit
/// record of the API with "time_us"; null when the text is none of these.
json::Value ParseExitRecord(const std::string& text);

}  // namespace rw::backend
