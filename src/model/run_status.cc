#include "model/run_status.h"

#include <array>

namespace rw::model {
namespace {

constexpr std::array<std::string_view, 12> kNames = {
    "NotStarted", "Starting",        "Provisioning", "Preparing", "Queued",   "Running",
    "Finalizing", "CancelRequested", "Completed",    "Failed",    "Canceled", "NotResponding"};

}  // namespace

std::string_view StatusName(RunStatus status) { return kNames[static_cast<size_t>(status)]; }

std::optional<RunStatus> ParseRunStatus(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); i++) {
    if (kNames[i] == name) return static_cast<RunStatus>(i);
  }
  return std::nullopt;
}

bool IsTerminal(RunStatus status) {
  return status == RunStatus::kCompleted || status == RunStatus::kFailed ||
         status == RunStatus::kCanceled;
}

bool IsBeforeStart(RunStatus status) {
  return status == RunStatus::kStarting || status == RunStatus::kProvisioning ||
         status == RunStatus::kPreparing || status == RunStatus::kQueued;
}

}  // namespace rw::model
