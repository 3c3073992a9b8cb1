// Fencing: a write of an executor counts only while its allocation is the run's current one.
#pragma once

#include <string>

#include "meta/allocation_row.h"
#include "server/call.h"

namespace rw::server {

/// What a request says about its allocation; taken on the loop, checked inside the writer's
/// operation.
struct FenceClaim {
  bool is_run = false;  // the owner is not fenced
  std::string allocation_id;
  std::string fence;
};
FenceClaim FenceOf(const Call& call);

/// kConflict, field "fence", text beginning with "fenced", when the allocation ended or its fence
/// is not the one that the request carries. To be called in the same operation as the write that it
/// guards.
Status CheckFence(db::Connection& db, const FenceClaim& claim);

/// The error of a stale executor.
Error Fenced(const std::string& allocation_id);

}  // namespace rw::server
