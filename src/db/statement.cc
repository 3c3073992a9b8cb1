#include <sqlite3.h>

#include <utility>

#include "db/connection.h"
#include "db/connection_impl.h"

namespace rw::db {

Statement::Statement(Statement&& other) noexcept
    : owner_(other.owner_), stmt_(std::exchange(other.stmt_, nullptr)), next_(other.next_) {}

Statement::~Statement() {
  if (stmt_ != nullptr) owner_->Release(stmt_);
}

Statement& Statement::Bind(int64_t v) {
  CHECK(sqlite3_bind_int64(stmt_, next_++, v) == SQLITE_OK);
  return *this;
}

Statement& Statement::Bind(double v) {
  CHECK(sqlite3_bind_double(stmt_, next_++, v) == SQLITE_OK);
  return *this;
}

Statement& Statement::Bind(std::string_view v) {
  owner_->impl_->bound += v.size();
  // A null data pointer would bind NULL: an empty text is a text.
  CHECK(sqlite3_bind_text64(stmt_, next_++, v.data() ? v.data() : "", v.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindBlob(std::string_view v) {
  owner_->impl_->bound += v.size();
  CHECK(sqlite3_bind_blob64(stmt_, next_++, v.data() ? v.data() : "", v.size(), SQLITE_TRANSIENT) ==
        SQLITE_OK);
  return *this;
}

Statement& Statement::BindNull() {
  CHECK(sqlite3_bind_null(stmt_, next_++) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::Step() {
  int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return owner_->LastError(sqlite3_sql(stmt_));
}

Status Statement::Run() {
  while (TRY(Step())) {
  }
  return Ok();
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(stmt_, column); }

double Statement::Double(int column) const { return sqlite3_column_double(stmt_, column); }

std::string Statement::Text(int column) const {
  const void* bytes = sqlite3_column_blob(stmt_, column);
  auto size = static_cast<size_t>(sqlite3_column_bytes(stmt_, column));
  return bytes ? std::string(static_cast<const char*>(bytes), size) : std::string();
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(stmt_, column) == SQLITE_NULL;
}

}  // namespace rw::db
