// Runs on this machine: a detached `runwright-shim RUN_DIR runwright executor RUN_DIR` for each
// allocation.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/run_folder.h"
#include "os/file_system.h"
#include "os/process.h"

namespace rw::backend {

struct LocalOptions {
  std::string runs_dir;       // where run folders are made
  std::string shim;           // runwright-shim
  std::string program;        // runwright
  std::string server_url;     // of this server's life
  std::string endpoint_file;  // one line: the current URL
  /// Variables of the server that supervisors inherit: names alone (PATH, HOME, LANG …). Nothing
  /// else of the server's environment reaches them, so no secret can.
  std::vector<std::string> environment;  // "NAME=value"
  /// Where earlier servers made theirs: runs that live there are found.
  std::vector<std::string> older_runs_dirs = {};
};

class LocalBackend final : public ComputeBackend {
 public:
  LocalBackend(os::FileSystem& fs, os::ProcessLauncher& launcher, LocalOptions options);
  void Start(const StartRequest& request, std::function<void(Status)> done) override;
  Life Probe(const RunId& run, const AllocationId& allocation) override;
  json::Value ExitRecord(const RunId& run) override;
  std::string FolderOf(const RunId& run) override;
  void KillRemains(const RunId& run) override;

 private:
  RunFolder Folder(const RunId& run) { return {FolderOf(run)}; }
  Status Spawn(const StartRequest& request);
  void RemoveContainer(const RunFolder& folder);
  Status WriteClaim(const StartRequest& request, const RunFolder& folder);

  os::FileSystem& fs_;
  os::ProcessLauncher& launcher_;
  LocalOptions options_;
  std::string boot_id_;
  /// Spawned in this server's life: identities before the shim has written its own.
  std::map<std::string, os::ProcessIdentity> spawned_;
};

/// PATH, HOME, USER, LOGNAME, LANG, LC_ALL, TZ, TMPDIR and LD_LIBRARY_PATH of this process, where
/// set.
std::vector<std::string> InheritedEnvironment(char** environment);

}  // namespace rw::backend
