// What a collection removes: a function of what is there, the rules and the time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "meta/retention.h"

namespace rw::keep {

struct EndedRun {
  std::string id;
  int64_t end_us = 0;
};
struct DeletedRun {
  std::string id;
  int64_t deleted_us = 0;
};
/// A folder or file that belongs to a run, or to none.
struct FolderFact {
  std::string name;
  bool known = false;    // there is a row for it
  bool in_use = false;   // by a run that has not ended
  int64_t since_us = 0;  // known: end of the run or last use; else the last change
  uint64_t bytes = 0;
};

struct GcView {
  int64_t now_us = 0;
  std::vector<EndedRun> ended_runs;  // that may expire: not archived, no model from them
  std::vector<DeletedRun> deleted_runs;
  std::vector<FolderFact> run_folders;
  std::vector<FolderFact> log_folders;
  std::vector<FolderFact> spool;
  std::vector<FolderFact> builds;
};

struct GcPlan {
  std::vector<std::string> expire;  // runs to delete (they can still be restored)
  std::vector<std::string> purge;   // deleted runs to remove for good
  std::vector<FolderFact> run_folders;
  std::vector<FolderFact> log_folders;
  std::vector<FolderFact> spool;
  std::vector<FolderFact> builds;
  /// Runs deleted, snapshots made and blobs stored up to these times are old enough to go.
  int64_t deleted_us = 0;
  int64_t blob_us = 0;
};

/// What belongs to nothing is left for a day: it may just be in the making.
GcPlan PlanGc(const GcView& view, const meta::RetentionRules& rules);

}  // namespace rw::keep
