#include "keep/backup.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/clock.h"
#include "cas/folder_blob_store.h"
#include "db/copy.h"
#include "db/migrations.h"
#include "keep/file_copy.h"
#include "keep/references.h"
#include "meta/schema.h"
#include "os/file_lock.h"

namespace rw::keep {
namespace {

constexpr const char* kIncomplete = "/incomplete";
constexpr const char* kNewDatabase = "/new.db";
// A run that is removed for good between the copy of the database and the copy of its blobs takes
// them away: the database is then copied again.
constexpr int kMostRounds = 3;

class BackupJob {
 public:
  BackupJob(os::FileSystem& fs, std::string data, std::string to)
      : fs_(fs),
        data_(std::move(data)),
        to_(std::move(to)),
        copier_(fs),
        source_(fs, data_ + "/blobs"),
        target_(fs, to_ + "/blobs") {}

  Result<BackupReport> Run(int64_t now_us) {
    TRY(Begin());
    for (int round = 1; round <= kMostRounds; round++) {
      std::vector<Problem> before = std::move(report_.manifest.problems);
      TRY(Round());
      if (report_.manifest.problems.empty() || before.size() == report_.manifest.problems.size())
        break;
    }
    TRY(CopyKey());
    report_.manifest.created_time = FormatUtc(now_us);
    report_.manifest.source = data_;
    TRY(Publish());
    TRY(RemoveOld());
    return std::move(report_);
  }

 private:
  Status Begin() {
    if (!os::Exists(fs_, data_ + "/runwright.db"))
      return Error(Code::kNotFound, data_ + " is no data folder: it has no runwright.db", "data");
    TRY(fs_.MakeDirs(to_, 0700));
    // What a backup that was cut off left may be torn by a power failure: only then sizes do not
    // count, and what is there is read.
    trust_sizes_ = !os::Exists(fs_, to_ + kIncomplete);
    return os::WriteFileAtomically(fs_, to_ + kIncomplete, "", 0600);
  }

  Status Round() {
    Manifest& manifest = report_.manifest;
    manifest = {};
    kept_.clear();
    logs_.clear();
    for (const char* end : {"", "-wal", "-shm", "-journal"}) {
      std::string left = to_ + kNewDatabase + end;
      if (os::Exists(fs_, left)) TRY(fs_.Remove(left));
    }
    TRY(db::CopyDatabase(data_ + "/runwright.db", to_ + kNewDatabase));
    auto db = TRY(db::Connection::Open(to_ + kNewDatabase));
    TRY(db::Migrate(*db, meta::Migrations()));
    TRY(CopyLogs(*db));
    TRY(WalkReferences(*db, source_, [this](const BlobReference& one) { return CopyBlob(one); }));
    return Ok();
  }

  /// True where the backup has it.
  bool HasBlob(const cas::Digest& digest, uint64_t size) {
    auto there = target_.Size(digest);
    if (!there || *there != size) return false;
    return trust_sizes_ || cas::VerifyBlob(target_, digest).has_value();
  }

  Status CopyBlob(const BlobReference& reference) {
    Manifest& manifest = report_.manifest;
    auto size = source_.Size(reference.digest);
    kept_.insert(reference.digest);
    uint64_t bytes = 0;
    auto there = target_.Size(reference.digest);
    // A blob that was whole when it was copied and is gone or damaged here now is kept there.
    if (HasBlob(reference.digest, size ? *size : there.value_or(0))) {
      bytes = *there;
    } else {
      auto copied = copier_.Copy(source_.Path(reference.digest), target_.Path(reference.digest),
                                 UINT64_MAX, reference.digest.Hex());
      if (!copied) return Note(Describe(reference), copied.error());
      bytes = copied->bytes;
      report_.new_blobs++;
      report_.new_blob_bytes += bytes;
    }
    manifest.blobs++;
    manifest.blob_bytes += bytes;
    return Ok();
  }

  /// Damage of the source is told and passed by; a full disk or a missing right ends it all.
  Status Note(const std::string& what, const Error& error) {
    if (error.code() != Code::kNotFound && error.code() != Code::kCorrupt) return error;
    report_.manifest.problems.push_back({what, error.message()});
    return Ok();
  }

  Status CopyLogs(db::Connection& db) {
    auto row =
        TRY(db.Prepare("SELECT r.id, l.number, l.size, l.name FROM logs l JOIN runs r"
                       " ON r.row = l.run_row WHERE l.size > 0 ORDER BY l.run_row, l.number"));
    while (TRY(row.Step())) {
      std::string path = "logs/" + row.Text(0) + "/" + std::to_string(row.Int(1)) + ".log";
      auto size = static_cast<uint64_t>(row.Int(2));
      TRY(CopyLog(path, size, "'" + row.Text(3) + "' of run " + row.Text(0)));
    }
    return Ok();
  }

  Status CopyLog(const std::string& path, uint64_t size, const std::string& what) {
    const std::string to = to_ + "/" + path;
    auto there = fs_.Stat(to);
    bool has = trust_sizes_ && there && there->size >= size;
    auto copied = has ? copier_.Hash(to, size) : copier_.Copy(data_ + "/" + path, to, size);
    if (!copied) return Note(what, copied.error());
    if (copied->bytes < size)
      TRY(Note(what, Error(Code::kCorrupt, path + " has " + std::to_string(copied->bytes) +
                                               " bytes of " + std::to_string(size))));
    logs_.push_back({path, copied->sha256, copied->bytes});
    report_.manifest.logs++;
    report_.manifest.log_bytes += copied->bytes;
    return Ok();
  }

  Status CopyKey() {
    const std::string from = data_ + "/secrets.key";
    if (!os::Exists(fs_, from)) return Ok();
    report_.manifest.secrets_key_sha256 = TRY(copier_.Copy(from, to_ + "/secrets.key")).sha256;
    return Ok();
  }

  /// All bytes are on the disk before the manifest names them.
  Status Publish() {
    Manifest& manifest = report_.manifest;
    Copied database = TRY(copier_.Hash(to_ + kNewDatabase));
    manifest.database_sha256 = database.sha256;
    manifest.database_bytes = database.bytes;
    manifest.database_file = "runwright-" + database.sha256.substr(0, 12) + ".db";
    TRY(fs_.Rename(to_ + kNewDatabase, to_ + "/" + manifest.database_file));
    std::string list = WriteLogList(logs_);
    TRY(os::WriteFileAtomically(fs_, to_ + "/logs.part", list, 0600));
    manifest.logs_sha256 = TRY(copier_.Hash(to_ + "/logs.part")).sha256;
    manifest.logs_file = "logs-" + manifest.logs_sha256.substr(0, 12) + ".txt";
    TRY(fs_.Rename(to_ + "/logs.part", to_ + "/" + manifest.logs_file));
    TRY(fs_.SyncAll(to_));
    TRY(os::WriteFileAtomically(fs_, to_ + "/" + kManifestFile,
                                json::WritePretty(ToJson(manifest)) + "\n", 0600));
    return fs_.Remove(to_ + kIncomplete);
  }

  /// What only older backups named.
  Status RemoveOld() {
    const Manifest& manifest = report_.manifest;
    for (const os::DirEntry& entry : TRY(fs_.List(to_))) {
      bool database = entry.name.starts_with("runwright-") && entry.name != manifest.database_file;
      bool list = entry.name.starts_with("logs-") && entry.name != manifest.logs_file;
      if (database || list) TRY(Remove(to_ + "/" + entry.name));
    }
    TRY(RemoveOldBlobs());
    std::set<std::string> runs;
    for (const BackupLog& log : logs_) runs.insert(log.path.substr(5, log.path.rfind('/') - 5));
    if (!os::Exists(fs_, to_ + "/logs")) return Ok();
    for (const os::DirEntry& entry : TRY(fs_.List(to_ + "/logs"))) {
      if (runs.contains(entry.name)) continue;
      TRY(fs_.RemoveTree(to_ + "/logs/" + entry.name));
      report_.removed_files++;
    }
    return Ok();
  }

  Status RemoveOldBlobs() {
    const std::string root = to_ + "/blobs";
    if (!os::Exists(fs_, root)) return Ok();
    for (const os::DirEntry& folder : TRY(fs_.List(root)))
      for (const os::DirEntry& blob : TRY(fs_.List(root + "/" + folder.name))) {
        auto digest = cas::Digest::Parse(blob.name);
        if (digest && kept_.contains(*digest)) continue;
        TRY(Remove(root + "/" + folder.name + "/" + blob.name));
      }
    return Ok();
  }

  Status Remove(const std::string& path) {
    report_.removed_files++;
    return fs_.Remove(path);
  }

  os::FileSystem& fs_;
  const std::string data_;
  const std::string to_;
  FileCopier copier_;
  cas::FolderBlobStore source_;
  cas::FolderBlobStore target_;
  bool trust_sizes_ = true;
  std::unordered_set<cas::Digest> kept_;
  std::vector<BackupLog> logs_;
  BackupReport report_;
};

}  // namespace

Result<BackupReport> Backup(os::FileSystem& fs, const std::string& data, const std::string& to,
                            int64_t now_us) {
  if (to == data || to.starts_with(data + "/"))
    return Error(Code::kInvalidArgument,
                 "the backup's folder must lie outside of the data folder " + data, "dest");
  return BackupJob(fs, data, to).Run(now_us);
}

}  // namespace rw::keep
