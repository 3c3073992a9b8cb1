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

Statement& Statement::BindScalar(const Scalar& v) {
  if (const auto* number = std::get_if<int64_t>(&v)) return Bind(*number);
  if (const auto* number = std::get_if<double>(&v)) return Bind(*number);
  if (const auto* text = std::get_if<std::string>(&v)) return Bind(std::string_view(*text));
  return BindNull();
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

void Statement::Reset() {
  sqlite3_reset(stmt_);
  sqlite3_clear_bindings(stmt_);
  next_ = 1;
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(stmt_, column); }

double Statement::Double(int column) const { return sqlite3_column_double(stmt_, column); }

std::string Statement::Text(int column) const {
  const void* bytes = sqlite3_column_blob(stmt_, column);
  auto size = static_cast<size_t>(sqlite3_column_bytes(stmt_, column));
  return bytes ? std::string(static_cast<const char*>(bytes), size) : std::string();
}

std::string_view Statement::View(int column) const {
  const void* bytes = sqlite3_column_blob(stmt_, column);
  auto size = static_cast<size_t>(sqlite3_column_bytes(stmt_, column));
  return bytes ? std::string_view(static_cast<const char*>(bytes), size) : std::string_view();
}

Scalar Statement::At(int column) const {
  switch (sqlite3_column_type(stmt_, column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER:
      return Int(column);
    case SQLITE_FLOAT:
      return Double(column);
    default:
      return Text(column);
  }
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(stmt_, column) == SQLITE_NULL;
}

}  // namespace rw::db
