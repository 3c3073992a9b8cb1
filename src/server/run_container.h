// The member "container" of a submission: what a run asks of the container that its environment's
// image is started as.
#pragma once

#include "base/result.h"
#include "json/value.h"

namespace rw::server {

/// {"shm_size", "arguments", "gpu"} as it goes into the run's spec; null where nothing is asked.
/// kInvalidArgument names the argument: one that contradicts how runs are started, or no size.
Result<json::Value> ReadContainer(const json::Value& body);

}  // namespace rw::server
