#include "keep/inspect.h"

#include "base/strings.h"
#include "cas/folder_blob_store.h"
#include "db/copy.h"
#include "keep/references.h"
#include "meta/metric_segment.h"
#include "meta/schema.h"
#include "meta/settings.h"

namespace rw::keep {
namespace {

constexpr size_t kMostOfAKind = 20;
constexpr const char* kFromBackup =
    "put it back from a backup (runwright restore to another folder), or upload the file again";

class Inspection {
 public:
  Inspection(os::FileSystem& fs, std::string data, bool deep)
      : fs_(fs), data_(std::move(data)), deep_(deep), blobs_(fs, data_ + "/blobs") {}

  Result<std::vector<Finding>> Run() {
    auto db = db::Connection::Open(data_ + "/runwright.db", {.read_only = true});
    if (!db && db.error().code() == Code::kUnavailable) return std::move(db).error();
    if (!db) {
      Add(Health::kError, "database", db.error().message(), kFromBackup);
      return std::move(findings_);
    }
    if (!TRY(CheckFormat(**db))) return std::move(findings_);
    TRY(CheckDatabase());
    TRY(CheckBlobs(**db));
    TRY(CheckLogs(**db));
    if (deep_) TRY(CheckSegments(**db));
    TRY(CheckSecrets(**db));
    TRY(CheckBuilds(**db));
    return std::move(findings_);
  }

 private:
  void Add(Health health, std::string subject, std::string text, std::string fix = {}) {
    findings_.push_back({health, std::move(subject), std::move(text), std::move(fix)});
  }

  /// Many of a kind are counted; the first are named.
  void Damage(size_t& count, const std::string& subject, const std::string& text,
              const std::string& fix) {
    if (++count <= kMostOfAKind) Add(Health::kError, subject, text, fix);
  }
  void Sum(size_t damaged, const std::string& subject, const std::string& good) {
    if (damaged == 0) Add(Health::kGood, subject, good);
    if (damaged > kMostOfAKind)
      Add(Health::kError, subject, std::to_string(damaged - kMostOfAKind) + " more", "");
  }

  Result<bool> CheckFormat(db::Connection& db) {
    auto row = TRY(db.Prepare("PRAGMA user_version"));
    TRY(row.Step());
    const int64_t format = row.Int(0), newest = meta::Migrations().back().number;
    std::string text = "format " + std::to_string(format);
    if (format > newest)
      Add(Health::kError, "database",
          text + " is of a newer runwright; this one knows " + std::to_string(newest),
          "use the version that wrote it");
    if (format < newest)
      Add(Health::kNote, "database",
          text + "; the next start of a server brings it to " + std::to_string(newest),
          "start the server once, then look again: older formats are not looked into");
    return format == newest;
  }

  Status CheckDatabase() {
    std::string check = TRY(db::QuickCheck(data_ + "/runwright.db"));
    if (check == "ok")
      Add(Health::kGood, "database", "SQLite's quick check finds nothing");
    else
      Add(Health::kError, "database", "damaged: " + check,
          "stop the server and restore the last backup to a new folder");
    return Ok();
  }

  Status CheckBlobs(db::Connection& db) {
    size_t damaged = 0;
    uint64_t count = 0, bytes = 0;
    TRY(WalkReferences(db, blobs_, [&](const BlobReference& one) -> Status {
      auto size = blobs_.Size(one.digest);
      Status whole = size && deep_ ? cas::VerifyBlob(blobs_, one.digest) : Ok();
      count++;
      bytes += size.value_or(0);
      if (!size)
        Damage(damaged, "blobs", Describe(one) + ": " + size.error().message(), kFromBackup);
      else if (!whole)
        Damage(damaged, "blobs", Describe(one) + ": " + whole.error().message(), kFromBackup);
      return Ok();
    }));
    Sum(damaged, "blobs",
        std::to_string(count) + " (" + HumanBytes(bytes) + ")" +
            (deep_ ? ", every hash verified" : " are there; --deep verifies their hashes"));
    return Ok();
  }

  Status CheckLogs(db::Connection& db) {
    size_t damaged = 0, count = 0;
    auto row =
        TRY(db.Prepare("SELECT r.id, l.number, l.size, l.name FROM logs l JOIN runs r"
                       " ON r.row = l.run_row WHERE l.size > 0"));
    while (TRY(row.Step())) {
      std::string path = data_ + "/logs/" + row.Text(0) + "/" + std::to_string(row.Int(1)) + ".log";
      auto info = fs_.Stat(path);
      count++;
      if (info && static_cast<int64_t>(info->size) >= row.Int(2)) continue;
      Damage(damaged, "logs",
             "'" + row.Text(3) + "' of run " + row.Text(0) + ": " + path + " has " +
                 std::to_string(info ? info->size : 0) + " bytes of " + row.Text(2),
             kFromBackup);
    }
    Sum(damaged, "logs", std::to_string(count) + " have all their bytes");
    return Ok();
  }

  Status CheckSegments(db::Connection& db) {
    size_t damaged = 0, count = 0;
    auto row =
        TRY(db.Prepare("SELECT r.id, m.name, s.data FROM metric_segments s"
                       " JOIN metrics m ON m.id = s.metric_id JOIN runs r ON r.row = s.run_row"));
    while (TRY(row.Step())) {
      count++;
      auto segment = meta::Segment::Open(row.Text(2));
      if (segment) continue;
      Damage(
          damaged, "metrics",
          "metric '" + row.Text(1) + "' of run " + row.Text(0) + ": " + segment.error().message(),
          "restore the last backup to a new folder");
    }
    Sum(damaged, "metrics", std::to_string(count) + " segments can be read");
    return Ok();
  }

  Status CheckSecrets(db::Connection& db) {
    const std::string key = data_ + "/secrets.key";
    auto info = fs_.Stat(key);
    auto any = TRY(db.Prepare("SELECT 1 FROM secrets LIMIT 1"));
    if (!info && TRY(any.Step()))
      Add(Health::kError, "secrets", key + " is missing: the secrets cannot be read",
          "put the file back from a backup");
    if (info && (info->mode & 0077) != 0)
      Add(Health::kError, "secrets", "others can read " + key, "chmod 600 " + key);
    return Ok();
  }

  /// Where neither root nor user namespaces protect builds, a run may change one.
  Status CheckBuilds(db::Connection& db) {
    constexpr std::string_view kMark = ".changed-";
    std::string root = TRY(meta::GetSetting(db, meta::kEnvRootSetting));
    std::string builds = (root.empty() ? data_ + "/env" : root) + "/builds";
    auto entries = fs_.List(builds);
    if (!entries) return Ok();
    for (const os::DirEntry& entry : *entries) {
      if (!entry.name.starts_with(kMark)) continue;
      std::string build = entry.name.substr(kMark.size());
      auto files = os::ReadFile(fs_, builds + "/" + entry.name, 1 << 20);
      std::string first = files ? files->substr(0, files->find('\n')) : "";
      Add(Health::kWarning, "builds",
          "a run changed build " + build.substr(0, 12) + " (" + first +
              "): it is out of use, and made anew for the next run that needs it",
          "add packages to the environment instead of installing them in the script; where user "
          "namespaces are allowed, runs cannot change builds");
    }
    return Ok();
  }

  os::FileSystem& fs_;
  const std::string data_;
  const bool deep_;
  cas::FolderBlobStore blobs_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view HealthName(Health health) {
  switch (health) {
    case Health::kGood:
      return "ok";
    case Health::kNote:
      return "note";
    case Health::kWarning:
      return "warning";
    case Health::kError:
      return "error";
  }
  return "error";
}

Result<std::vector<Finding>> InspectData(os::FileSystem& fs, const std::string& data, bool deep) {
  return Inspection(fs, data, deep).Run();
}

}  // namespace rw::keep
