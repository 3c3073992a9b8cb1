#include "server/data_folder.h"

#include <unistd.h>

#include "base/hash.h"
#include "client/credentials.h"
#include "client/surroundings.h"
#include "db/migrations.h"
#include "meta/schema.h"
#include "meta/settings.h"
#include "os/file_system.h"
#include "os/mounts.h"
#include "server/auth.h"

namespace rw::server {
namespace {

constexpr const char* kCredentialUrl = "credential_url";

Result<bool> IsOwnerToken(db::Connection& db, const std::string& token) {
  auto row = TRY(db.Prepare("SELECT 1 FROM tokens WHERE hash=? AND kind='owner'"));
  row.Bind(Sha256Hex(token));
  return row.Step();
}

Status MoveCredential(db::Connection& db, const std::string& from, const std::string& to) {
  auto file = client::CredentialFile::Of(client::Surroundings::OfThisProcess());
  auto entry = TRY(file.Find(from));
  if (!entry || !TRY(IsOwnerToken(db, entry->token))) return Ok();
  return file.Move(from, to);
}

Status MakeCredential(db::Connection& db, const std::string& token, const std::string& url,
                      int64_t now_us) {
  TRY(Auth::InsertOwnerToken(db, token, now_us));
  auto file = client::CredentialFile::Of(client::Surroundings::OfThisProcess());
  return file.PutNewServer(url, token);
}

Error OnNetwork(const std::string& folder, const std::string& type) {
  return Error(Code::kFailedPrecondition,
               "the data folder " + folder + " is on a network file system (" + type +
                   "): its locks and shared memory cannot keep the database whole. Give --data on "
                   "a local disk, or --allow-network-fs for exclusive locking (slower, and one "
                   "machine only)",
               "data");
}

}  // namespace

Result<OpenData> OpenDataFolder(const Paths& paths, bool allow_network_fs) {
  os::FileSystem& fs = os::PosixFileSystem();
  TRY(fs.MakeDirs(paths.data, 0700));
  std::string network = TRY(os::NetworkFileSystemOf(paths.data));
  if (!network.empty() && !allow_network_fs) return OnNetwork(paths.data, network);
  auto lock = os::FileLock::TryPatiently(paths.lock);
  if (!lock && lock.error().code() == Code::kConflict)
    return Error(Code::kConflict, "a server uses " + paths.data + " already (" +
                                      lock.error().message() +
                                      "); stop it (runwright server stop) or give another --data");
  if (!lock) return std::move(lock).error();
  TRY(lock->SetText(std::to_string(getpid()) + "\n"));
  db::OpenOptions options{.exclusive = allow_network_fs};
  OpenData open{*std::move(lock), TRY(db::Connection::Open(paths.database, options)), nullptr};
  TRY(db::Migrate(*open.write, meta::Migrations()));
  if (options.exclusive) return open;
  open.read = TRY(db::Connection::Open(paths.database, {.read_only = true}));
  return open;
}

Status EnsureOwnerCredential(db::Connection& db, Clock& clock, Random& random,
                             const std::string& url) {
  std::string present = TRY(meta::GetSetting(db, kCredentialUrl));
  if (present == url) return Ok();
  // The setting comes last: a start that was cut off before it makes another token, and the lost
  // one opens nothing that its file does not name.
  if (present.empty())
    TRY(MakeCredential(db, random.Hex(32), url, clock.WallMicros()));
  else
    TRY(MoveCredential(db, present, url));
  return meta::PutSetting(db, kCredentialUrl, url);
}

}  // namespace rw::server
