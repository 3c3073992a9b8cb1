// Folders of interactive and offline runs (docs/dev/formats/local-run.md), as the Python SDK writes
// them.
#pragma once

#include <string>
#include <vector>

#include "client/surroundings.h"
#include "json/value.h"

namespace rw::cli {

struct LocalRun {
  std::string folder;
  json::Value info;  // run.json

  std::string id() const { return info.StringOr("run_id"); }
  bool offline() const { return info.StringOr("kind") == "offline"; }
  std::string JournalFolder() const { return folder + "/journal"; }
  std::string FilesFolder() const { return folder + "/files"; }
};

/// $RUNWRIGHT_OFFLINE_DIR, else ${XDG_STATE_HOME:-~/.local/state}/runwright/runs.
std::string LocalRunsFolder(const client::Surroundings& here);

/// The run of a folder. kFailedPrecondition where run.json is of another kind or cannot be read.
Result<LocalRun> ReadLocalRun(const std::string& folder);
/// `folder` itself where it holds a run.json, else the folders of runs in it, by name; kNotFound
/// where `folder` is not there.
Result<std::vector<std::string>> LocalRunFolders(const std::string& folder);

/// The journal files, by writer id: whole paths end in /<writer>.rwj.
Result<std::vector<std::string>> JournalWriters(const LocalRun& run);

/// What becomes of a run that nobody ends any more.
enum class Writers {
  kAlive,     // a process of this machine still writes
  kGone,      // all of them are dead
  kElsewhere  // the folder was written on another machine: not known
};
Writers WritersOf(const LocalRun& run, const std::string& host);

}  // namespace rw::cli
