// SQLite behind small types. No other module includes sqlite3.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rw::db {

/// A value of any column.
using Scalar = std::variant<std::monostate, int64_t, double, std::string>;

/// A prepared statement, reset for its next use on destruction (statements are cached by the
/// connection). Bind by position from 1; Step() is true while there is a row.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& Bind(int64_t v);
  Statement& Bind(double v);
  Statement& Bind(std::string_view v);
  Statement& BindScalar(const Scalar& v);
  Statement& BindBlob(std::string_view v);
  Statement& BindNull();
  template <class T>
  Statement& Bind(const std::optional<T>& v) {
    return v ? Bind(*v) : BindNull();
  }

  Result<bool> Step();
  /// Ready to bind and step once more.
  void Reset();
  /// To the end; for statements without rows.
  Status Run();

  int64_t Int(int column) const;
  double Double(int column) const;
  std::string Text(int column) const;  // also of blobs
  /// As Text, without a copy: until the next Step or the statement's end.
  std::string_view View(int column) const;
  bool IsNull(int column) const;
  Scalar At(int column) const;

 private:
  friend class Connection;
  Statement(class Connection* owner, sqlite3_stmt* stmt) : owner_(owner), stmt_(stmt) {}
  Connection* owner_;
  sqlite3_stmt* stmt_;
  int next_ = 1;
};

struct OpenOptions {
  bool read_only = false;
  std::string vfs;              // the simulator's; empty is the system's
  bool exclusive = false;       // no shared memory: one connection only
  int checkpoint_pages = 4000;  // pages in the log at which it is copied into the database
};

/// One thread at a time. WAL, synchronous=FULL, foreign keys on, busy timeout 10 s. Errors:
/// kConflict for a constraint, kNoSpace for a full disk or quota, kUnavailable when locked,
/// kCorrupt, else kInternal.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> Open(const std::string& path,
                                                  const OpenOptions& options = {});
  ~Connection();

  /// Cached by text, up to a bound.
  Result<Statement> Prepare(std::string_view sql);
  /// One or more statements without rows or parameters.
  Status Execute(std::string_view sql);
  /// One statement of that kind that comes again and again: compiled once.
  Status Run(std::string_view sql);
  int64_t last_insert_id() const;
  int64_t changes() const;
  /// Between BEGIN and COMMIT. SQLite itself ends a transaction on some errors (a full disk).
  bool in_transaction() const;

 private:
  friend class Statement;
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  Error LastError(std::string_view what) const;
  void Release(sqlite3_stmt* stmt);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rw::db
