#include "db/connection.h"

#include <cerrno>
#include <mutex>

#include "base/mutant.h"
#include "db/connection_impl.h"
#include "os/open_file.h"

namespace rw::db {
namespace {

// 2 MiB of page cache a connection.
const std::string kPragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA cache_size=-2000; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=";

constexpr size_t kMostIdle = 300;  // statements at rest, a few KiB each
constexpr uint64_t kPage = 4096;

Code CodeOf(int extended, int system_errno) {
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      return Code::kConflict;
    case SQLITE_FULL:
      return Code::kNoSpace;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kCorrupt;
    case SQLITE_CANTOPEN:
      if (system_errno == ENOSPC || system_errno == EDQUOT) return Code::kNoSpace;
      return Code::kPermissionDenied;
    case SQLITE_PERM:
      return Code::kPermissionDenied;
    case SQLITE_IOERR:
      // SQLite itself calls only ENOSPC "full"; a quota comes as an input/output error.
      if (system_errno == ENOSPC || system_errno == EDQUOT) return Code::kNoSpace;
      return Code::kInternal;
    default:
      return Code::kInternal;
  }
}

int OpenFile(const char* path, int flags, int permissions) {
  return os::OpenWithoutAccessTime(path, flags, static_cast<mode_t>(permissions));
}

/// Readers follow a write-ahead log that is always being written: see OpenWithoutAccessTime.
void ReadWithoutAccessTimes() {
  sqlite3_vfs* unix_vfs = sqlite3_vfs_find("unix");
  CHECK(unix_vfs != nullptr && unix_vfs->iVersion >= 3);
  auto call = reinterpret_cast<sqlite3_syscall_ptr>(&OpenFile);
  CHECK(unix_vfs->xSetSystemCall(unix_vfs, "open", call) == SQLITE_OK);
}

/// Of the call that failed last. Not sqlite3_system_errno: SQLite does not set that for a COMMIT.
int SystemErrno(sqlite3* handle) {
  sqlite3_vfs* vfs = nullptr;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK) return 0;
  return vfs == nullptr || vfs->xGetLastError == nullptr ? 0 : vfs->xGetLastError(vfs, 0, nullptr);
}

}  // namespace

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Connection::~Connection() {
  for (auto& [text, statements] : impl_->idle)
    for (sqlite3_stmt* stmt : statements) sqlite3_finalize(stmt);
  sqlite3_close_v2(impl_->handle);
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path,
                                                     const OpenOptions& options) {
  static std::once_flag once;
  std::call_once(once, ReadWithoutAccessTimes);
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (!options.read_only) flags |= SQLITE_OPEN_CREATE;
  int failed = sqlite3_open_v2(path.c_str(), &impl->handle, flags,
                               options.vfs.empty() ? nullptr : options.vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(std::move(impl)));
  if (failed != SQLITE_OK) return connection->LastError("open");
  sqlite3_busy_timeout(connection->impl_->handle, 10'000);
  if (options.exclusive) TRY(connection->Execute("PRAGMA locking_mode=EXCLUSIVE"));
  TRY(connection->Execute(kPragmas + std::to_string(options.checkpoint_pages)));
  if (MutantPlanted("no_full_sync")) TRY(connection->Execute("PRAGMA synchronous=NORMAL"));
  // Not SQLITE_OPEN_READONLY: a reader of a WAL database writes its shared memory.
  if (options.read_only) TRY(connection->Execute("PRAGMA query_only=ON"));
  return connection;
}

Result<Statement> Connection::Prepare(std::string_view sql) {
  auto idle = impl_->idle.find(sql);
  if (idle != impl_->idle.end() && !idle->second.empty()) {
    sqlite3_stmt* stmt = idle->second.back();
    idle->second.pop_back();
    impl_->idle_count--;
    return Statement(this, stmt);
  }
  sqlite3_stmt* stmt = nullptr;
  if (sqlite3_prepare_v3(impl_->handle, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &stmt, nullptr) != SQLITE_OK)
    return LastError(sql);
  CHECK(stmt != nullptr);
  return Statement(this, stmt);
}

void Connection::Release(sqlite3_stmt* stmt) {
  // Texts made from a user's filter have no end of forms.
  if (impl_->idle_count >= kMostIdle) {
    sqlite3_finalize(stmt);
    return;
  }
  sqlite3_reset(stmt);
  sqlite3_clear_bindings(stmt);
  impl_->idle[sqlite3_sql(stmt)].push_back(stmt);
  impl_->idle_count++;
}

Status Connection::Execute(std::string_view sql) {
  if (sql.starts_with("BEGIN")) impl_->bound = 0;
  if (sqlite3_exec(impl_->handle, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return LastError(sql.substr(0, 200));
  return Ok();
}

Status Connection::Run(std::string_view sql) {
  if (sql.starts_with("BEGIN")) impl_->bound = 0;
  return TRY(Prepare(sql)).Run();
}

int64_t Connection::last_insert_id() const { return sqlite3_last_insert_rowid(impl_->handle); }

int64_t Connection::changes() const { return sqlite3_changes64(impl_->handle); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(impl_->handle) == 0; }

Error Connection::LastError(std::string_view what) const {
  int extended = sqlite3_extended_errcode(impl_->handle);
  Code code = CodeOf(extended, SystemErrno(impl_->handle));
  std::string text = "database " + impl_->path + ": " + sqlite3_errmsg(impl_->handle) + " (";
  // What was bound since BEGIN, in whole pages and one more for what SQLite adds.
  if (code == Code::kNoSpace)
    text += "about " + std::to_string((impl_->bound / kPage + 2) * kPage) + " bytes needed; ";
  return Error(code, text + std::string(what) + ")");
}

}  // namespace rw::db
