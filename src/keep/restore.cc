#include <unordered_set>

#include "cas/folder_blob_store.h"
#include "db/copy.h"
#include "keep/backup.h"
#include "keep/file_copy.h"
#include "keep/references.h"
#include "meta/settings.h"
#include "os/paths.h"

namespace rw::keep {
namespace {

class RestoreJob {
 public:
  RestoreJob(os::FileSystem& fs, std::string from, std::string to)
      : fs_(fs),
        from_(std::move(from)),
        to_(std::move(to)),
        copier_(fs),
        source_(fs, from_ + "/blobs"),
        target_(fs, to_ + "/blobs") {}

  Result<RestoreReport> Run() {
    report_.manifest = TRY(LoadManifest(fs_, from_));
    for (const Problem& known : report_.manifest.problems) known_.insert(known.what);
    TRY(CopyDatabase());
    TRY(CopyLogs());
    TRY(CopyKey());
    auto db = TRY(db::Connection::Open(to_ + "/runwright.db"));
    TRY(WalkReferences(*db, source_, [this](const BlobReference& one) { return CopyBlob(one); }));
    // The server that starts on this folder makes its starter a token of his own: the one there was
    // may still belong to the server that the backup is of.
    TRY(meta::PutSetting(*db, "credential_url", ""));
    return std::move(report_);
  }
  /// Damage that was not known when the backup was made.
  const std::vector<Problem>& fresh() const { return fresh_; }

 private:
  Status Note(const std::string& what, const Error& error) {
    if (error.code() != Code::kNotFound && error.code() != Code::kCorrupt) return error;
    report_.problems.push_back({what, error.message()});
    if (!known_.contains(what)) fresh_.push_back(report_.problems.back());
    return Ok();
  }

  Status CopyDatabase() {
    const Manifest& manifest = report_.manifest;
    const std::string to = to_ + "/runwright.db";
    TRY(copier_.Copy(from_ + "/" + manifest.database_file, to, UINT64_MAX,
                     manifest.database_sha256));
    std::string check = TRY(db::QuickCheck(to));
    if (check == "ok") return Ok();
    return Error(Code::kCorrupt, "the database of the backup is damaged: " + check);
  }

  Status CopyLogs() {
    const Manifest& manifest = report_.manifest;
    const std::string list = from_ + "/" + manifest.logs_file;
    if (TRY(copier_.Hash(list)).sha256 != manifest.logs_sha256)
      return Error(Code::kCorrupt,
                   list + " does not have the hash that " + kManifestFile + " says");
    std::string text = TRY(os::ReadFile(fs_, list, uint64_t{4} << 30));
    for (const BackupLog& log : TRY(ParseLogList(text))) {
      auto copied =
          copier_.Copy(from_ + "/" + log.path, to_ + "/" + log.path, log.bytes, log.sha256);
      if (!copied) TRY(Note(log.path, copied.error()));
    }
    return Ok();
  }

  Status CopyKey() {
    if (report_.manifest.secrets_key_sha256.empty()) return Ok();
    auto copied = copier_.Copy(from_ + "/secrets.key", to_ + "/secrets.key", UINT64_MAX,
                               report_.manifest.secrets_key_sha256);
    return copied ? Ok() : Note("the key of the secrets", copied.error());
  }

  Status CopyBlob(const BlobReference& one) {
    auto copied = copier_.Copy(source_.Path(one.digest), target_.Path(one.digest), UINT64_MAX,
                               one.digest.Hex());
    if (!copied) return Note(Describe(one), copied.error());
    report_.blobs++;
    report_.blob_bytes += copied->bytes;
    return Ok();
  }

  os::FileSystem& fs_;
  const std::string from_;
  const std::string to_;
  FileCopier copier_;
  cas::FolderBlobStore source_;
  cas::FolderBlobStore target_;
  std::unordered_set<std::string> known_;
  std::vector<Problem> fresh_;
  RestoreReport report_;
};

Error Damaged(const std::string& from, const std::vector<Problem>& problems) {
  std::string message = "the backup " + from + " is damaged in " + std::to_string(problems.size()) +
                        " places; nothing was restored "
                        "(--partial restores what is whole):";
  for (size_t i = 0; i < problems.size() && i < 10; i++) {
    message += "\n  ";
    message += problems[i].what;
    message += ": ";
    message += problems[i].why;
  }
  return Error(Code::kCorrupt, std::move(message));
}

Status CheckEmpty(os::FileSystem& fs, const std::string& data) {
  auto entries = fs.List(data);
  if (!entries && entries.error().code() == Code::kNotFound) return Ok();
  if (!entries) return std::move(entries).error();
  if (entries->empty()) return Ok();
  return Error(Code::kFailedPrecondition, data + " is not empty; restore to a folder that is new",
               "data");
}

}  // namespace

Result<RestoreReport> Restore(os::FileSystem& fs, const std::string& from, const std::string& data,
                              bool partial) {
  TRY(CheckEmpty(fs, data));
  const std::string part = data + ".restoring";
  TRY(fs.RemoveTree(part));
  TRY(fs.MakeDirs(part, 0700));
  RestoreJob job(fs, from, part);
  auto report = job.Run();
  if (report && !partial && !job.fresh().empty()) report = Damaged(from, job.fresh());
  if (!report) {
    (void)fs.RemoveTree(part);
    return report;
  }
  TRY(fs.SyncAll(part));
  TRY(fs.Rename(part, data));
  TRY(fs.SyncDir(os::DirName(data)));
  return report;
}

}  // namespace rw::keep
