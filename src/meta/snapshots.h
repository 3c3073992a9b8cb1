// Snapshots whose every blob was found in the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/connection.h"

namespace rw::meta {

struct SnapshotRecord {
  std::string id;
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t created_us = 0;
};

class SnapshotRepository {
 public:
  explicit SnapshotRepository(db::Connection& db) : db_(db) {}
  Result<std::optional<SnapshotRecord>> Find(const std::string& id);
  /// Idempotent.
  Status Insert(const SnapshotRecord& snapshot);

 private:
  db::Connection& db_;
};

}  // namespace rw::meta
