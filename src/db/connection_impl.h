// Private to db/: the SQLite handle and its prepared statements.
#pragma once

#include <sqlite3.h>

#include <map>
#include <string>
#include <vector>

#include "db/connection.h"

namespace rw::db {

struct Connection::Impl {
  sqlite3* handle = nullptr;
  std::string path;
  uint64_t bound = 0;  // bytes bound to statements since the last BEGIN
  /// Statements at rest by their text; one in use is in none of the lists.
  std::map<std::string, std::vector<sqlite3_stmt*>, std::less<>> idle;
  size_t idle_count = 0;
};

}  // namespace rw::db
