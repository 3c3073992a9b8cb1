// From "how it ended" to the RunError that a user reads: what happened, where, and what to do next.
// Pure.
#pragma once

#include <string>

#include "executor/grant.h"
#include "executor/run_folder.h"
#include "executor/supervisor.h"
#include "json/value.h"

namespace rw::executor {

struct Ending {
  Outcome outcome;
  std::string exec_path;   // kExecFailed: what could not be opened or executed
  bool timed_out = false;  // we ended it: max_run_duration_seconds was over
  std::string log_tail;    // the last 64 KiB of the driver log
  UsageRecord usage;
  int64_t peak_bytes = 0;  // of all its processes together, as far as it was seen
};

enum class OomKill { kNo, kProbably, kCertainly };
/// Did the kernel's OOM killer end the script? The count of its own control group is proof; the
/// machine's count together with a large peak makes it likely.
OomKill JudgeOom(const Ending& ending);

/// RunError of the API; null for exit code 0.
json::Value DescribeEnding(const Ending& ending, const LaunchPlan& plan,
                           const std::string& working_folder);

/// The script is not in the snapshot.
json::Value DescribeMissingScript(const LaunchPlan& plan, const std::vector<std::string>& files);

}  // namespace rw::executor
