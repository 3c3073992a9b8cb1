// Query-only connections for work off the loop's thread: long lists, long series.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "db/connection.h"

namespace rw::db {

class Readers {
 public:
  /// Lent to one thread until it is dropped, which must be before the Readers are.
  using Lease = std::unique_ptr<Connection, std::function<void(Connection*)>>;
  virtual ~Readers() = default;
  /// From any thread.
  virtual Result<Lease> Take() = 0;
};

/// As many as are in use at once, opened when first needed and kept.
std::unique_ptr<Readers> MakeReaders(std::string path);

}  // namespace rw::db
