// The source map of this server.
#pragma once

#include <vector>

#include "db/connection.h"
#include "model/source_rule.h"

namespace rw::meta {

/// Writes only inside an operation of the writer.
class SourceRuleRepository {
 public:
  explicit SourceRuleRepository(db::Connection& db) : db_(db) {}
  /// The longest prefix first, as they are looked at.
  Result<std::vector<model::SourceRule>> List();
  /// A rule of the same prefix is replaced.
  Status Put(const model::SourceRule& rule, int64_t now_us);
  /// False where there was none.
  Result<bool> Remove(const std::string& prefix);

 private:
  db::Connection& db_;
};

}  // namespace rw::meta
