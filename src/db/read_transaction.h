// Several reads that belong together.
#pragma once

#include <utility>

#include "db/connection.h"

namespace rw::db {

/// While it lives, reads of the connection see one state; the lock of the log and the check of the
/// schema are paid once. Within another transaction it is none of its own.
class ReadTransaction {
 public:
  static Result<ReadTransaction> Begin(Connection& connection);
  ReadTransaction(ReadTransaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  ReadTransaction& operator=(ReadTransaction&&) = delete;
  ~ReadTransaction();

 private:
  explicit ReadTransaction(Connection* connection) : connection_(connection) {}
  Connection* connection_;  // null: another one ends it
};

}  // namespace rw::db
