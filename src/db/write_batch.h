// Private to db/: what both writers do with the operations that wait.
#pragma once

#include <string>
#include <vector>

#include "db/writer.h"

namespace rw::db {

struct PendingWrite {
  std::string_view name;
  Writer::Operation operation;
  Writer::Done done;
  Status outcome;
};

/// Runs every operation in its SAVEPOINT and commits once; sets the outcomes. A failure whose
/// effect on the disk is unknown ends the process.
void CommitBatch(Connection& connection, std::vector<PendingWrite>& batch);

/// Calls every `done`, in order.
void Acknowledge(std::vector<PendingWrite>& batch);

}  // namespace rw::db
