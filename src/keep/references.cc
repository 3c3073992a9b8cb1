#include "keep/references.h"

#include <optional>
#include <unordered_set>

#include "cas/snapshot_reader.h"
#include "json/value.h"

namespace rw::keep {
namespace {

class Walk {
 public:
  Walk(db::Connection& db, cas::BlobStore& store, const Leaving& leaving,
       const VisitReference& visit, std::string* unreadable)
      : db_(db), store_(store), leaving_(leaving), visit_(visit), unreadable_(unreadable) {}

  Status All() {
    TRY(
        Files("SELECT a.digest, 'run ' || r.id, a.name FROM artifacts a"
              " JOIN runs r ON r.row = a.run_row WHERE ifnull(r.deleted_us, 1 << 62) > ?",
              leaving_.deleted_us));
    TRY(
        Files("SELECT f.digest, 'model ' || m.name || ':' || m.version, f.path"
              " FROM model_files f JOIN models m ON m.row = f.model_row"
              " WHERE m.deleted_us IS NULL"));
    TRY(Locks());
    TRY(
        Snapshots("SELECT snapshot_id, 'snapshot of run ' || min(id) FROM runs WHERE snapshot_id"
                  " IS NOT NULL AND ifnull(deleted_us, 1 << 62) > ? GROUP BY snapshot_id",
                  leaving_.deleted_us));
    TRY(
        Snapshots("SELECT snapshot_id, 'snapshot of model ' || name FROM models WHERE snapshot_id"
                  " IS NOT NULL AND deleted_us IS NULL GROUP BY snapshot_id"));
    // Those that a run took of its own (Run.take_snapshot of the SDK) are named by its properties.
    TRY(Snapshots(
        "SELECT p.value, 'snapshot taken by run ' || r.id FROM run_properties p"
        " JOIN runs r ON r.row = p.run_row WHERE p.key GLOB 'runwright.snapshot.*'"
        " AND p.value IN (SELECT id FROM snapshots) AND ifnull(r.deleted_us, 1 << 62) > ?",
        leaving_.deleted_us));
    // What the Dockerfiles of registered environments copy from.
    TRY(Snapshots(
        "SELECT json_extract(spec_json, '$.image.context'), 'build context of"
        " environment ' || name || ':' || version FROM environments"
        " WHERE json_extract(spec_json, '$.image.context') IN (SELECT id FROM snapshots)"));
    return Snapshots("SELECT id, 'snapshot ' || id FROM snapshots WHERE created_us > ?",
                     leaving_.snapshot_us);
  }

 private:
  Status One(const BlobReference& reference) {
    if (!seen_.insert(reference.digest).second) return Ok();
    return visit_(reference);
  }

  Status Files(std::string_view sql, std::optional<int64_t> after_us = {}) {
    auto row = TRY(db_.Prepare(sql));
    if (after_us) row.Bind(*after_us);
    while (TRY(row.Step())) {
      auto digest = cas::Digest::Parse(row.Text(0));
      if (digest) TRY(One({*digest, row.Text(1), row.Text(2)}));
    }
    return Ok();
  }

  Status Locks() {
    auto row = TRY(
        db_.Prepare("SELECT env_id, details_json FROM env_locks WHERE details_json IS NOT NULL"));
    while (TRY(row.Step())) {
      auto details = json::Parse(row.Text(1));
      auto digest = cas::Digest::Parse(details ? details->StringOr("lock_digest") : "");
      if (digest) TRY(One({*digest, "environment " + row.Text(0), ""}));
    }
    return Ok();
  }

  Status Snapshots(std::string_view sql, std::optional<int64_t> after_us = {}) {
    auto row = TRY(db_.Prepare(sql));
    if (after_us) row.Bind(*after_us);
    while (TRY(row.Step())) {
      auto digest = cas::Digest::Parse(row.Text(0));
      if (digest) TRY(Folder(*digest, row.Text(1), "", 0));
    }
    return Ok();
  }

  Status Folder(const cas::Digest& digest, const std::string& owner, const std::string& path,
                size_t depth) {
    if (seen_.contains(digest) && folders_.contains(digest)) return Ok();
    TRY(One({digest, owner, path}));
    folders_.insert(digest);
    auto tree = cas::ReadTree(store_, digest);
    if (!tree || depth > cas::kMaxTreeDepth) {
      *unreadable_ = Describe({digest, owner, path});
      if (!tree) *unreadable_ += ": " + tree.error().message();
      return Ok();
    }
    for (const cas::TreeEntry& entry : *tree) {
      std::string below = path;
      if (!below.empty()) below += '/';
      below += entry.name;
      if (entry.mode == cas::EntryMode::kFolder)
        TRY(Folder(entry.digest, owner, below, depth + 1));
      else
        TRY(One({entry.digest, owner, below}));
    }
    return Ok();
  }

  db::Connection& db_;
  cas::BlobStore& store_;
  const Leaving leaving_;
  const VisitReference& visit_;
  std::string* unreadable_;
  std::unordered_set<cas::Digest> seen_;
  /// Of those: read as folders. A file may have the bytes of one.
  std::unordered_set<cas::Digest> folders_;
};

}  // namespace

std::string Describe(const BlobReference& reference) {
  if (reference.name.empty()) return reference.owner;
  return "'" + reference.name + "' of " + reference.owner;
}

Status WalkReferences(db::Connection& db, cas::BlobStore& store, const VisitReference& visit) {
  std::string unreadable;
  return WalkReferences(db, store, Leaving(), visit, &unreadable);
}

Status WalkReferences(db::Connection& db, cas::BlobStore& store, const Leaving& leaving,
                      const VisitReference& visit, std::string* unreadable) {
  return Walk(db, store, leaving, visit, unreadable).All();
}

}  // namespace rw::keep
