#include "db/read_transaction.h"

namespace rw::db {

Result<ReadTransaction> ReadTransaction::Begin(Connection& connection) {
  if (connection.in_transaction()) return ReadTransaction(nullptr);
  TRY(connection.Run("BEGIN"));
  return ReadTransaction(&connection);
}

ReadTransaction::~ReadTransaction() {
  if (connection_ != nullptr) (void)connection_->Run("COMMIT");
}

}  // namespace rw::db
