#include "db/file_system_vfs.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "os/paths.h"

namespace rw::db {

struct FileSystemVfs::Impl {
  std::string name;
  os::FileSystem& fs;
  Clock& clock;
  Random& random;
  sqlite3_vfs vfs{};
  int last_errno = 0;
};

namespace {

FileSystemVfs::Impl& Self(sqlite3_vfs* vfs) {
  return *static_cast<FileSystemVfs::Impl*>(vfs->pAppData);
}

/// SQLite allocates this and calls through `base.pMethods`.
struct OpenFile {
  sqlite3_file base;
  os::File* file;
  FileSystemVfs::Impl* owner;
  char* path;
  bool remove_on_close;
};
OpenFile& Of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

/// As SQLite's own VFS: only a write says "full"; of all else the errno tells.
int Failed(FileSystemVfs::Impl& vfs, const Error& error, int code) {
  bool full = error.code() == Code::kNoSpace;
  vfs.last_errno = full ? ENOSPC : EIO;
  return full && code == SQLITE_IOERR_WRITE ? SQLITE_FULL : code;
}

int xClose(sqlite3_file* file) {
  OpenFile& f = Of(file);
  delete f.file;
  if (f.remove_on_close) (void)f.owner->fs.Remove(f.path);
  sqlite3_free(f.path);
  return SQLITE_OK;
}

int xRead(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
  size_t wanted = static_cast<size_t>(amount);
  auto n = Of(file).file->ReadAt(static_cast<uint64_t>(offset),
                                 std::span(static_cast<char*>(out), wanted));
  if (!n) return Failed(*Of(file).owner, n.error(), SQLITE_IOERR_READ);
  if (*n == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + *n, 0, wanted - *n);
  return SQLITE_IOERR_SHORT_READ;
}

int xWrite(sqlite3_file* file, const void* bytes, int amount, sqlite3_int64 offset) {
  Status written = Of(file).file->WriteAt(
      static_cast<uint64_t>(offset),
      std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(amount)));
  return written ? SQLITE_OK : Failed(*Of(file).owner, written.error(), SQLITE_IOERR_WRITE);
}

int xTruncate(sqlite3_file* file, sqlite3_int64 size) {
  Status cut = Of(file).file->Truncate(static_cast<uint64_t>(size));
  return cut ? SQLITE_OK : Failed(*Of(file).owner, cut.error(), SQLITE_IOERR_TRUNCATE);
}

int xSync(sqlite3_file* file, int) {
  OpenFile& f = Of(file);
  Status synced = f.file->Sync();
  if (!synced) return Failed(*f.owner, synced.error(), SQLITE_IOERR_FSYNC);
  // The name too: a new WAL file must be found after power loss.
  synced = f.owner->fs.SyncDir(os::DirName(f.path));
  return synced ? SQLITE_OK : Failed(*f.owner, synced.error(), SQLITE_IOERR_DIR_FSYNC);
}

int xFileSize(sqlite3_file* file, sqlite3_int64* size) {
  auto n = Of(file).file->Size();
  if (!n) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*n);
  return SQLITE_OK;
}

int xLock(sqlite3_file*, int) { return SQLITE_OK; }
int xUnlock(sqlite3_file*, int) { return SQLITE_OK; }
int xCheckReservedLock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}
int xFileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int xSectorSize(sqlite3_file*) { return 4096; }
int xDeviceCharacteristics(sqlite3_file*) { return 0; }

const sqlite3_io_methods kMethods = {
    .iVersion = 1,  // no shared memory: WAL works in exclusive locking mode
    .xClose = xClose,
    .xRead = xRead,
    .xWrite = xWrite,
    .xTruncate = xTruncate,
    .xSync = xSync,
    .xFileSize = xFileSize,
    .xLock = xLock,
    .xUnlock = xUnlock,
    .xCheckReservedLock = xCheckReservedLock,
    .xFileControl = xFileControl,
    .xSectorSize = xSectorSize,
    .xDeviceCharacteristics = xDeviceCharacteristics,
};

int xOpen(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  FileSystemVfs::Impl& self = Self(vfs);
  file->pMethods = nullptr;
  std::string name = path != nullptr ? path : "/sqlite-temporary-" + self.random.Hex(8);
  os::OpenMode mode = (flags & SQLITE_OPEN_CREATE) ? os::OpenMode::kReadWrite : os::OpenMode::kRead;
  if (mode == os::OpenMode::kRead && (flags & SQLITE_OPEN_READWRITE) && os::Exists(self.fs, name))
    mode = os::OpenMode::kReadWrite;
  auto opened = self.fs.Open(name, mode, 0600);
  if (!opened) return Failed(self, opened.error(), SQLITE_CANTOPEN);
  OpenFile& f = Of(file);
  f.file = opened->release();
  f.owner = &self;
  f.path = sqlite3_mprintf("%s", name.c_str());
  f.remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  f.base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int xDelete(sqlite3_vfs* vfs, const char* path, int sync_dir) {
  FileSystemVfs::Impl& self = Self(vfs);
  Status removed = self.fs.Remove(path);
  if (!removed && removed.error().code() == Code::kNotFound) return SQLITE_IOERR_DELETE_NOENT;
  if (!removed) return Failed(self, removed.error(), SQLITE_IOERR_DELETE);
  Status synced = sync_dir ? self.fs.SyncDir(os::DirName(path)) : Ok();
  return synced ? SQLITE_OK : Failed(self, synced.error(), SQLITE_IOERR_DIR_FSYNC);
}

int xAccess(sqlite3_vfs* vfs, const char* path, int, int* found) {
  *found = os::Exists(Self(vfs).fs, path) ? 1 : 0;
  return SQLITE_OK;
}

int xFullPathname(sqlite3_vfs*, const char* path, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", path);
  return SQLITE_OK;
}

int xRandomness(sqlite3_vfs* vfs, int size, char* out) {
  Self(vfs).random.Fill(out, static_cast<size_t>(size));
  return size;
}
int xSleep(sqlite3_vfs*, int micros) { return micros; }
int xCurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* julian_ms) {
  constexpr int64_t kUnixEpochInJulianMs = 210866760000000;
  *julian_ms = kUnixEpochInJulianMs + Self(vfs).clock.WallMicros() / 1000;
  return SQLITE_OK;
}
int xCurrentTime(sqlite3_vfs* vfs, double* days) {
  sqlite3_int64 ms = 0;
  xCurrentTimeInt64(vfs, &ms);
  *days = static_cast<double>(ms) / 86400000.0;
  return SQLITE_OK;
}
int xGetLastError(sqlite3_vfs* vfs, int, char*) { return Self(vfs).last_errno; }

}  // namespace

FileSystemVfs::FileSystemVfs(std::string name, os::FileSystem& fs, Clock& clock, Random& random)
    : impl_(new Impl{std::move(name), fs, clock, random}) {
  sqlite3_vfs& vfs = impl_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenFile);
  vfs.mxPathname = 1024;
  vfs.zName = impl_->name.c_str();
  vfs.pAppData = impl_.get();
  vfs.xOpen = xOpen;
  vfs.xDelete = xDelete;
  vfs.xAccess = xAccess;
  vfs.xFullPathname = xFullPathname;
  vfs.xRandomness = xRandomness;
  vfs.xSleep = xSleep;
  vfs.xCurrentTime = xCurrentTime;
  vfs.xGetLastError = xGetLastError;
  vfs.xCurrentTimeInt64 = xCurrentTimeInt64;
  CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

FileSystemVfs::~FileSystemVfs() { sqlite3_vfs_unregister(&impl_->vfs); }

}  // namespace rw::db
