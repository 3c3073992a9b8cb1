// Names below a run's folder (docs/dev/formats/run-folder.md).
#pragma once

#include <string>

#include "base/result.h"
#include "os/file_system.h"

namespace rw::executor {

struct RunFolder {
  std::string root;

  std::string Path(std::string_view name) const { return root + "/" + std::string(name); }
  std::string work() const { return Path("work"); }
  std::string journal() const { return Path("journal"); }
  std::string tmp() const { return Path("tmp"); }
  std::string run_json() const { return Path("run.json"); }
  std::string socket() const { return Path("exec.sock"); }
  std::string claim() const { return Path("state/claim.json"); }
  std::string claimant() const { return Path("state/claimant"); }
  std::string grant() const { return Path("state/grant.json"); }
  std::string launch() const { return Path("state/launch"); }
  std::string started() const { return Path("state/started"); }
  std::string exit() const { return Path("state/exit"); }
  std::string offsets() const { return Path("state/offsets.json"); }
  std::string outputs() const { return Path("state/outputs.json"); }
};

/// state/started: what the shim noted of the script's main process.
struct StartRecord {
  int pid = 0;
  uint64_t start_ticks = 0;
  std::string boot_id;
  int64_t wall_us = 0;
};
Result<StartRecord> ReadStartRecord(os::FileSystem& fs, const RunFolder& folder);

/// state/exit: only what a message of the shim does not say.
struct ExitRecord {
  std::string path;  // of exec-failed
  int64_t wall_us = 0;
};
Result<ExitRecord> ReadExitRecord(os::FileSystem& fs, const RunFolder& folder);

/// By rename, mode 0600, not synced: for what may be lost with the machine but must never be half
/// there.
Status ReplaceFile(os::FileSystem& fs, const std::string& path, std::string_view bytes);

}  // namespace rw::executor
