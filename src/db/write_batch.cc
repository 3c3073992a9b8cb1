#include "db/write_batch.h"

#include <cstdlib>

#include "base/log.h"
#include "base/mutant.h"

namespace rw::db {
namespace {

// After a failed fsync the page cache cannot be trusted and nobody knows what is on the disk: going
// on would acknowledge what may be lost. A full disk is different: the transaction is discarded as
// a whole.
void DieUnlessNoSpace(const Error& error, std::string_view what) {
  if (error.code() == Code::kNoSpace) return;
  LOG_ERROR("db.fatal", {"step", what}, {"error", error.message()});
  std::abort();
}

void Fail(std::vector<PendingWrite>& batch, const Error& error) {
  Status outcome = error;
  if (MutantPlanted("full_disk_acked")) outcome = Ok();
  for (PendingWrite& write : batch) write.outcome = outcome;
}

/// False when the whole transaction is gone.
bool RunOne(Connection& connection, PendingWrite& write) {
  Status began = connection.Run("SAVEPOINT one");
  if (!began) {
    write.outcome = std::move(began);
    return connection.in_transaction();
  }
  write.outcome = write.operation(connection);
  if (!connection.in_transaction()) return false;
  Status ended = Ok();
  if (!write.outcome) ended = connection.Run("ROLLBACK TO one");
  if (ended) ended = connection.Run("RELEASE one");
  if (!ended) {
    DieUnlessNoSpace(ended.error(), "savepoint");
    write.outcome = std::move(ended);
    return false;
  }
  return true;
}

}  // namespace

void CommitBatch(Connection& connection, std::vector<PendingWrite>& batch) {
  Status began = connection.Run("BEGIN IMMEDIATE");
  if (!began) {
    // Nothing is written yet: one who holds the lock for long costs these writes, not the process.
    if (began.error().code() != Code::kUnavailable) DieUnlessNoSpace(began.error(), "begin");
    return Fail(batch, began.error());
  }
  for (PendingWrite& write : batch) {
    if (RunOne(connection, write)) continue;
    Error lost = write.outcome ? Error(Code::kInternal, "the transaction was rolled back")
                               : write.outcome.error();
    DieUnlessNoSpace(lost, write.name);
    if (connection.in_transaction()) (void)connection.Execute("ROLLBACK");
    return Fail(batch, lost);
  }
  Status committed = connection.Run("COMMIT");
  if (committed) return;
  DieUnlessNoSpace(committed.error(), "commit");
  if (connection.in_transaction()) (void)connection.Execute("ROLLBACK");
  Fail(batch, committed.error());
}

void Acknowledge(std::vector<PendingWrite>& batch) {
  for (PendingWrite& write : batch)
    if (write.done) write.done(std::move(write.outcome));
}

}  // namespace rw::db
