// The words of a run's life, as the API and users spell them.
#pragma once

#include <optional>
#include <string_view>

namespace rw::model {

enum class RunStatus {
  kNotStarted,
  kStarting,
  kProvisioning,
  kPreparing,
  kQueued,
  kRunning,
  kFinalizing,
  kCancelRequested,
  kCompleted,
  kFailed,
  kCanceled,
  kNotResponding,
};

std::string_view StatusName(RunStatus status);
std::optional<RunStatus> ParseRunStatus(std::string_view name);

/// Completed, Failed, Canceled: nothing changes any more but metrics, tags, properties and files.
bool IsTerminal(RunStatus status);
/// Before the script's start: Starting, Provisioning, Preparing, Queued.
bool IsBeforeStart(RunStatus status);

}  // namespace rw::model
