#include "keep/gc_view.h"

#include <algorithm>
#include <set>

#include "os/paths.h"

namespace rw::keep {
namespace {

constexpr std::string_view kOver = "('Completed','Failed','Canceled')";

class Look {
 public:
  Look(db::Connection& db, os::FileSystem& fs, int64_t now_us) : db_(db), fs_(fs) {
    view_.now_us = now_us;
  }

  Result<GcView> At(const GcFolders& folders) {
    TRY(Runs());
    view_.run_folders = TRY(FoldersOfRuns(folders.runs));
    view_.log_folders = TRY(FoldersOfRuns(folders.logs));
    view_.spool = TRY(Unknown(folders.spool));
    TRY(Builds(folders.builds));
    return std::move(view_);
  }

 private:
  Status Runs() {
    std::string sql =
        "SELECT id, end_us FROM runs WHERE parent_id IS NULL AND end_us IS NOT NULL"
        " AND archived_us IS NULL AND deleted_us IS NULL AND NOT EXISTS (SELECT 1 FROM models m"
        " WHERE m.run_id = runs.id AND m.deleted_us IS NULL) AND status IN ";
    sql += kOver;
    auto ended = TRY(db_.Prepare(sql));
    while (TRY(ended.Step())) view_.ended_runs.push_back({ended.Text(0), ended.Int(1)});
    auto deleted = TRY(db_.Prepare("SELECT id, deleted_us FROM runs WHERE deleted_us IS NOT NULL"));
    while (TRY(deleted.Step())) view_.deleted_runs.push_back({deleted.Text(0), deleted.Int(1)});
    return Ok();
  }

  Result<std::vector<os::DirEntry>> Entries(const std::string& folder) {
    auto entries = fs_.List(folder);
    if (!entries && entries.error().code() == Code::kNotFound) return std::vector<os::DirEntry>();
    return entries;
  }

  FolderFact Fact(const std::string& folder, const std::string& name) {
    std::string path = os::JoinPath(folder, name);
    auto info = fs_.Stat(path);
    return {name, false, false, info ? info->mtime_ns / 1000 : view_.now_us, BytesBelow(fs_, path)};
  }

  Result<std::vector<FolderFact>> Unknown(const std::string& folder) {
    std::vector<FolderFact> out;
    for (const os::DirEntry& entry : TRY(Entries(folder))) out.push_back(Fact(folder, entry.name));
    return out;
  }

  Result<std::vector<FolderFact>> FoldersOfRuns(const std::string& folder) {
    std::vector<FolderFact> out = TRY(Unknown(folder));
    std::string sql = "SELECT ifnull(end_us, created_us), status IN ";
    sql += kOver;
    sql +=
        " AND NOT EXISTS (SELECT 1 FROM allocations a WHERE a.run_row = runs.row"
        " AND a.ended_us IS NULL) FROM runs WHERE id = ?";
    for (FolderFact& fact : out) {
      auto run = TRY(db_.Prepare(sql));
      run.Bind(fact.name);
      if (!TRY(run.Step())) continue;
      fact.known = true;
      fact.since_us = run.Int(0);
      fact.in_use = run.Int(1) == 0;
    }
    return out;
  }

  Status Builds(const std::string& folder) {
    std::string sql =
        "SELECT build_id, max(ifnull(last_used_us, updated_us)), EXISTS (SELECT 1 FROM runs r WHERE"
        " r.build_id = l.build_id AND r.status NOT IN ";
    sql += kOver;
    sql += ") FROM env_locks l WHERE build_id <> '' GROUP BY build_id";
    auto row = TRY(db_.Prepare(sql));
    std::set<std::string> known;
    while (TRY(row.Step())) {
      std::string path = os::JoinPath(folder, row.Text(0));
      if (!os::Exists(fs_, path)) continue;
      known.insert(row.Text(0));
      view_.builds.push_back({row.Text(0), true, row.Int(2) != 0,
                              std::max(row.Int(1), LastUse(folder, row.Text(0))),
                              BytesBelow(fs_, path)});
    }
    // Of other servers that make builds in this folder; their own runs hold them while they run.
    for (const os::DirEntry& entry : TRY(Entries(folder))) {
      int64_t used_us = entry.name.starts_with('.') || known.contains(entry.name)
                            ? 0
                            : LastUse(folder, entry.name);
      if (used_us == 0) continue;
      view_.builds.push_back(
          {entry.name, true, false, used_us, BytesBelow(fs_, os::JoinPath(folder, entry.name))});
    }
    return Ok();
  }

  /// By any server: the time of its lock file; 0 where it has none.
  int64_t LastUse(const std::string& folder, const std::string& build_id) {
    auto info = fs_.Stat(os::DirName(folder) + "/locks/" + build_id);
    return info ? info->mtime_ns / 1000 : 0;
  }

  db::Connection& db_;
  os::FileSystem& fs_;
  GcView view_;
};

}  // namespace

Result<GcView> LookForGc(db::Connection& db, os::FileSystem& fs, const GcFolders& folders,
                         int64_t now_us) {
  return Look(db, fs, now_us).At(folders);
}

uint64_t BytesBelow(os::FileSystem& fs, const std::string& path) {
  auto info = fs.Stat(path);
  if (!info) return 0;
  if (info->type != os::FileType::kDirectory) return info->size;
  uint64_t total = 0;
  std::vector<std::string> open = {path};
  while (!open.empty()) {
    std::string folder = std::move(open.back());
    open.pop_back();
    auto entries = fs.List(folder);
    if (!entries) continue;
    for (const os::DirEntry& entry : *entries) {
      std::string child = os::JoinPath(folder, entry.name);
      if (entry.type == os::FileType::kDirectory) {
        open.push_back(std::move(child));
      } else if (auto file = fs.Stat(child)) {
        total += file->size;
      }
    }
  }
  return total;
}

}  // namespace rw::keep
