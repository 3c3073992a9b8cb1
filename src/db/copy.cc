#include "db/copy.h"

#include <sqlite3.h>

#include <memory>

#include "db/connection.h"
#include "db/connection_impl.h"

namespace rw::db {
namespace {

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

constexpr int kBusyMs = 10'000;

Error Failed(sqlite3* handle, const std::string& path) {
  int code = sqlite3_errcode(handle) & 0xff;
  Code kind = Code::kInternal;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) kind = Code::kUnavailable;
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) kind = Code::kCorrupt;
  if (code == SQLITE_FULL) kind = Code::kNoSpace;
  if (code == SQLITE_CANTOPEN) kind = Code::kNotFound;
  return Error(kind, "database " + path + ": " + sqlite3_errmsg(handle));
}

Result<Handle> OpenRaw(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  int failed = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Handle handle(raw);
  if (failed != SQLITE_OK) return Failed(raw, path);
  sqlite3_busy_timeout(raw, kBusyMs);
  return handle;
}

}  // namespace

Status CopyDatabase(const std::string& from, const std::string& to) {
  Handle source = TRY(OpenRaw(from, SQLITE_OPEN_READWRITE));
  Handle target = TRY(OpenRaw(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  // One that is cut off is thrown away, and the caller syncs the whole.
  if (sqlite3_exec(target.get(), "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr,
                   nullptr, nullptr) != SQLITE_OK)
    return Failed(target.get(), to);
  sqlite3_backup* backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
  if (backup == nullptr) return Failed(target.get(), to);
  // All pages in one read transaction: a snapshot, which writers of a WAL database do not disturb.
  int done = sqlite3_backup_step(backup, -1);
  int finished = sqlite3_backup_finish(backup);
  if (done == SQLITE_BUSY || done == SQLITE_LOCKED)
    return Error(Code::kUnavailable, "database " + from + " is held by another process");
  if (done != SQLITE_DONE || finished != SQLITE_OK) return Failed(target.get(), to);
  return Ok();
}

Result<std::string> QuickCheck(const std::string& path) {
  auto db = TRY(Connection::Open(path, {.read_only = true}));
  auto row = TRY(db->Prepare("PRAGMA quick_check(20)"));
  std::string out;
  while (TRY(row.Step())) {
    if (!out.empty()) out += '\n';
    out += row.Text(0);
  }
  return out;
}

}  // namespace rw::db
