// The data folder of a server that serves: locked, its database opened and brought up to date.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "db/connection.h"
#include "os/file_lock.h"
#include "server/paths.h"

namespace rw::server {

struct OpenData {
  os::FileLock lock;
  std::unique_ptr<db::Connection> write;
  std::unique_ptr<db::Connection> read;  // null with allow_network_fs: `write` alone
};

/// kConflict names the process that holds it; kUnsupported when a newer runwright wrote it.
/// kFailedPrecondition on a network file system, where SQLite's shared memory and locks cannot be
/// relied on; with `allow_network_fs` the database is opened with exclusive locking, by one
/// connection.
Result<OpenData> OpenDataFolder(const Paths& paths, bool allow_network_fs = false);

/// Makes sure that this user's credential file holds an owner's token of this server under `url`:
/// at first a new one; later, when the address has changed, the one it has is moved to the new
/// address.
Status EnsureOwnerCredential(db::Connection& db, Clock& clock, Random& random,
                             const std::string& url);

}  // namespace rw::server
