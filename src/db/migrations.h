// Numbered migrations, never edited once released. PRAGMA user_version is the number of the last
// one.
#pragma once

#include <span>
#include <string_view>

#include "db/connection.h"

namespace rw::db {

struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

/// Applies what is missing, each in its own transaction. kUnsupported when the database is newer
/// than the last migration known here ("written by a newer runwright").
Status Migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace rw::db
