// The run state machine: a pure function of a state and an event. Callers store the result; nothing
// here does I/O or knows who sent the event. Events may be repeated: a repeat changes nothing.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "json/value.h"
#include "model/run_status.h"

namespace rw::model {

/// Why a run waits. `position` counts from 1 in its queue; 0: not in a queue.
struct Reason {
  std::string text;
  int64_t position = 0;
  bool operator==(const Reason&) const = default;
};

/// The part of a run that events change. Times are wall microseconds, 0 where unknown.
struct RunState {
  RunStatus status = RunStatus::kStarting;
  Reason reason;
  /// Has processes of its own, started by us. Interactive and child runs have none: their end is a
  /// word.
  bool supervised = true;
  int64_t start_us = 0;  // the script's start
  int64_t end_us = 0;
  bool cancel_requested = false;
  /// Somebody outside of the run called complete() or fail(): its processes are to end, and
  /// `declared` is the outcome whatever their exit says.
  bool end_requested = false;
  json::Value declared;  // {"status", "error"?} by complete() or fail()
  json::Value exit;      // {"exit_code"} or {"signal"} or {"exec_error"}
  json::Value error;     // RunError of the API
  json::Value summary;   // {"peak_memory_bytes", "oom_kills"} as far as known
  json::Value
      process;  // that logs a run which is not supervised, as far as it told: {"host", "pid", …}

  bool operator==(const RunState&) const = default;
};

enum class EventKind {
  kWait,           // status: one of the states before the start; reason
  kStarted,        // exec succeeded at time_us
  kExited,         // the script's main process ended; value: exit record, "error"?, "summary"?
  kFinished,       // everything is shipped, no process is left
  kAttemptFailed,  // value: RunError; nothing more will come of this attempt, which ended at
                   // time_us
  kCancel,         // has_allocation: processes may exist
  kDeclare,        // complete() or fail() from within; value {"status", "error"?}
  kEnd,            // the same from outside; has_allocation as above
  kSilent,  // no word from the executor or logging process for too long; reason, or a usual one
  kHeard,   // word again; value: the process that logs, or null
};

struct RunEvent {
  EventKind kind;
  int64_t now_us = 0;
  int64_t time_us = 0;  // when it happened on the node; 0: now
  RunStatus status = RunStatus::kQueued;
  Reason reason;
  bool has_allocation = false;
  json::Value value;
};

/// The state after the event. kConflict when the event cannot follow this state (a start after the
/// end); events that come late or twice are no error and change nothing.
Result<RunState> Apply(const RunState& before, const RunEvent& event);

/// The RunError of an exit record: {"exit_code": 7} → "The script ended with exit code 7." `detail`
/// holds what the executor found out (message, exception_type, last_lines, …) and wins where it
/// says something.
json::Value ErrorOfExit(const json::Value& exit, const json::Value& detail);

/// A RunError with the code SystemError.
json::Value SystemError(std::string message, std::string next_step);

}  // namespace rw::model
