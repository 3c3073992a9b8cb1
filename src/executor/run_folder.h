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
  std::string resume() const { return Path("resume"); }
  std::string journal() const { return Path("journal"); }
  std::string tmp() const { return Path("tmp"); }
  std::string run_json() const { return Path("run.json"); }
  std::string socket() const { return Path("exec.sock"); }
  std::string claim() const { return Path("state/claim.json"); }
  std::string claimant() const { return Path("state/claimant"); }
  std::string grant() const { return Path("state/grant.json"); }
  std::string launch() const { return Path("state/launch"); }
  std::string started() const { return Path("state/started"); }
  std::string inside() const { return Path("state/inside"); }
  std::string ended() const { return Path("state/ended"); }
  std::string container() const { return Path("state/container"); }
  std::string exit() const { return Path("state/exit"); }
  std::string protection() const { return Path("state/protection"); }
  std::string usage() const { return Path("state/usage"); }
  std::string offsets() const { return Path("state/offsets.json"); }
  std::string compat() const { return Path("state/compat.json"); }
  std::string compat_notes() const { return Path("state/compat.jsonl"); }
  std::string outputs() const { return Path("state/outputs.json"); }
};

/// state/started: what the shim noted of the script's main process.
struct StartRecord {
  int pid = 0;
  uint64_t start_ticks = 0;
  std::string boot_id;
  int64_t wall_us = 0;
  int64_t boot_us = 0;  // CLOCK_BOOTTIME; 0: an older shim did not note it
};
Result<StartRecord> ReadStartRecord(os::FileSystem& fs, const RunFolder& folder);

/// state/exit: only what a message of the shim does not say.
struct ExitRecord {
  std::string path;  // of exec-failed
  int64_t wall_us = 0;
};
Result<ExitRecord> ReadExitRecord(os::FileSystem& fs, const RunFolder& folder);

/// state/usage: what the shim knows of the script's memory at its end.
struct UsageRecord {
  int64_t peak_bytes = 0;           // largest resident size of any one of its processes
  int64_t group_oom = -1;           // OOM kills in its own control group; -1: it has none
  int64_t machine_oom_before = -1;  // of the machine at its start and at its end; -1: unknown
  int64_t machine_oom = -1;
  int64_t memory_bytes = 0;  // of the machine
  int64_t boot_us = 0;       // CLOCK_BOOTTIME of the end
};
Result<UsageRecord> ReadUsageRecord(os::FileSystem& fs, const RunFolder& folder);

/// By rename, mode 0600, not synced: for what may be lost with the machine but must never be half
/// there.
Status ReplaceFile(os::FileSystem& fs, const std::string& path, std::string_view bytes);

}  // namespace rw::executor
