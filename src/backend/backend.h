// Where runs are executed. A backend starts one supervisor for one allocation and tells whether it
// lives; everything else goes between executor and server over HTTP.
#pragma once

#include <functional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "json/value.h"

namespace rw::backend {

struct StartRequest {
  AllocationId allocation;
  RunId run;
  std::string node;    // label of the node
  std::string secret;  // one-time claim secret; goes only into a 0600 file
};

/// What is known of an allocation's supervisor.
enum class Life {
  kNotBegun,  // Start never got as far as the supervisor: starting it now cannot make a second one
  kAlive,
  kDead,     // proof of death: it ran and its identity is gone
  kUnknown,  // it may have been started; nothing else can be said yet
};

/// From the loop's thread.
class ComputeBackend {
 public:
  virtual ~ComputeBackend() = default;
  /// Starts the supervisor; `done` on the loop's thread, perhaps before this returns. An error:
  /// nothing was started and nothing will be.
  virtual void Start(const StartRequest& request, std::function<void(Status)> done) = 0;
  virtual Life Probe(const RunId& run, const AllocationId& allocation) = 0;
  /// What a dead supervisor wrote of the script's end: {"exit_code"}, {"signal"} or {"exec_error"},
  /// and "time_us"; null where it wrote nothing.
  virtual json::Value ExitRecord(const RunId& run) = 0;
  /// Where the run's folder lies, when this machine sees it; else "".
  virtual std::string FolderOf(const RunId& run) { return (void)run, ""; }
  /// SIGKILL to what a dead supervisor left behind; nothing left is fine.
  virtual void KillRemains(const RunId& run) = 0;
};

}  // namespace rw::backend
