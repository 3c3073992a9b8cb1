// A submission in full: everything that is wrong with it is told before anything is stored.
#pragma once

#include <string>

#include "server/run_ops.h"
#include "server/server_context.h"

namespace rw::server {

/// kInvalidArgument names the field and the fix; kFailedPrecondition, field snapshot_id, where the
/// snapshot is not here (upload it and repeat); kNotFound where workspace, parent or target is not.
/// The environment is checked by its gate, not here. `run.state`, ids and times are filled as far
/// as they are known.
Result<Submission> ValidateSubmission(ServerContext& context, const Principal& principal,
                                      const std::string& workspace_id, const json::Value& body);

/// The target of that name. kNotFound lists those that exist; row 0 is `local`.
struct TargetRef {
  int64_t compute_row = 0;
  std::string vm_size;
};
Result<TargetRef> FindTarget(db::Connection& db, const std::string& workspace_id,
                             const std::string& name);

/// GPUs of this machine: devices /dev/nvidia0, /dev/nvidia1, …
int CountGpus(os::FileSystem& fs);

/// kInvalidArgument, field script, naming near matches, unless it is a file of the snapshot.
Status CheckScript(cas::BlobStore& blobs, const std::string& snapshot_id,
                   const std::string& script);

}  // namespace rw::server
