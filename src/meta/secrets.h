// Secrets of workspaces, sealed. Names are equal without regard to case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"

namespace rw::meta {

struct SecretInfo {
  std::string name;  // as it was first written
  int64_t created_us = 0;
  int64_t updated_us = 0;
};
struct SealedSecret {
  SecretInfo info;
  std::string sealed;
};

/// Writes only inside an operation of the writer.
class SecretRepository {
 public:
  explicit SecretRepository(db::Connection& db) : db_(db) {}
  /// By name.
  Result<std::vector<SecretInfo>> List(const std::string& workspace_id);
  Result<std::optional<SealedSecret>> Find(const std::string& workspace_id,
                                           const std::string& name);
  /// True where the name is new.
  Result<bool> Put(const std::string& workspace_id, const std::string& name,
                   std::string_view sealed, int64_t now_us);
  /// False where there was none.
  Result<bool> Remove(const std::string& workspace_id, const std::string& name);
  /// Of any workspace.
  Result<bool> HasAny();

 private:
  db::Connection& db_;
};

}  // namespace rw::meta
