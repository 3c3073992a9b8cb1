#include "keep/inspect_builds.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "json/value.h"
#include "os/paths.h"

namespace rw::keep {
namespace {

constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;
constexpr uint64_t kLittleBytes = uint64_t{2} << 30;
constexpr uint64_t kMostRecordBytes = uint64_t{64} << 20;
constexpr int kMostLinks = 16;
constexpr const char* kCollect =
    "runwright env gc --unused-days 0   (removes what no run uses; the next run builds it anew)";

/// The last entry of a chain of links, whether it is there or not.
std::string Resolve(os::FileSystem& fs, std::string path) {
  for (int i = 0; i < kMostLinks; i++) {
    auto info = fs.Stat(path);
    if (!info || info->type != os::FileType::kSymlink) break;
    auto target = fs.ReadLink(path);
    if (!target) break;
    path = target->starts_with('/') ? *target : os::JoinPath(os::DirName(path), *target);
  }
  return path;
}

/// "a/b/../c" → "a/c": what RECORD says of scripts is relative to site-packages.
std::string Normal(const std::string& path) {
  std::vector<std::string> out;
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !out.empty()) {
      out.pop_back();
    } else {
      out.push_back(part);
    }
  }
  return Join(out, "/");
}

struct RecordLine {
  std::string path;
  std::string sha256;  // url-safe base64 without padding; empty: not recorded
  std::optional<int64_t> size;
};

/// `path,sha256=HASH,SIZE`; the path quoted where it holds a comma or a quote.
std::optional<RecordLine> ReadRecordLine(std::string_view line) {
  RecordLine out;
  if (line.starts_with('"')) {
    size_t i = 1;
    for (; i < line.size(); i++) {
      if (line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"')
        i++;
      else if (line[i] == '"')
        break;
      out.path += line[i];
    }
    if (i >= line.size()) return std::nullopt;
    line = line.substr(i + 1);
  } else {
    size_t comma = line.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    out.path = line.substr(0, comma);
    line = line.substr(comma);
  }
  std::vector<std::string> rest = Split(line, ',');
  if (rest.size() != 3) return std::nullopt;
  if (rest[1].starts_with("sha256=")) out.sha256 = rest[1].substr(7);
  out.size = ParseInt(Trim(rest[2]));
  return out;
}

std::string RecordHash(std::string_view bytes) {
  std::string hash = Base64Encode(*HexDecode(Sha256Hex(bytes)));
  for (char& c : hash) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  while (hash.ends_with('=')) hash.pop_back();
  return hash;
}

bool IsChanged(os::FileSystem& fs, const std::string& path, const RecordLine& line, bool deep) {
  auto info = fs.Stat(Resolve(fs, path));
  if (!info || info->type == os::FileType::kDirectory) return true;
  if (line.size && static_cast<uint64_t>(*line.size) != info->size) return true;
  if (!deep || line.sha256.empty()) return false;
  auto bytes = os::ReadFile(fs, path, uint64_t{16} << 30);
  return !bytes || RecordHash(*bytes) != line.sha256;
}

std::vector<std::string> Names(os::FileSystem& fs, const std::string& folder) {
  std::vector<std::string> out;
  auto entries = fs.List(folder);
  if (!entries) return out;
  for (const os::DirEntry& entry : *entries) out.push_back(entry.name);
  return out;
}

class Look {
 public:
  Look(db::Connection& db, os::FileSystem& fs, const BuildsView& view)
      : db_(db), fs_(fs), view_(view) {}

  Result<std::vector<Finding>> Run() {
    Disk();
    TRY(Builds());
    Strays();
    TRY(Interpreters());
    return std::move(findings_);
  }

 private:
  void Add(Health health, std::string subject, std::string text, std::string fix = {}) {
    findings_.push_back({health, std::move(subject), std::move(text), std::move(fix)});
  }

  void Disk() {
    if (view_.disk_free_bytes == 0) return;
    std::string said = HumanBytes(view_.disk_free_bytes) + " free where builds are made";
    bool little = view_.disk_free_bytes < kLittleBytes;
    Add(little ? Health::kWarning : Health::kGood, "disk", said,
        little ? "runwright env gc --dry-run shows what can go" : "");
  }

  Status Builds() {
    auto rows = TRY(db_.Prepare(
        "SELECT build_id, min(env_id), min(python) FROM env_locks WHERE build_id <> '' AND"
        " state = 'Ready' GROUP BY build_id ORDER BY build_id"));
    size_t good = 0;
    while (TRY(rows.Step())) {
      known_.insert(rows.Text(0));
      if (OneBuild(rows.Text(0), rows.Text(1), rows.Text(2))) good++;
    }
    auto all = TRY(db_.Prepare("SELECT DISTINCT build_id FROM env_locks WHERE build_id <> ''"));
    while (TRY(all.Step())) known_.insert(all.Text(0));
    std::string text = std::to_string(good);
    text += good == 1 ? " build is" : " builds are";
    text += view_.deep ? " as published, every file read" : " there and of the right size";
    Add(Health::kGood, "builds", text);
    return Ok();
  }

  /// True where nothing is wrong with it.
  bool OneBuild(const std::string& id, const std::string& env_id, const std::string& python) {
    const std::string folder = os::JoinPath(view_.folder, id);
    const std::string name = "build " + id.substr(0, 12);
    if (!os::Exists(fs_, folder)) return false;  // collected: the next run makes it again
    // Of an image only the record lies here; the engine keeps the rest.
    if (os::Exists(fs_, os::JoinPath(folder, "image.json"))) return true;
    std::string interpreter = os::JoinPath(folder, "bin/python");
    std::string target = Resolve(fs_, interpreter);
    if (!os::Exists(fs_, target)) {
      auto known = json::Parse(python);
      std::string version = known ? known->StringOr("version") : "";
      Add(Health::kWarning, name,
          "its Python " + version + " went away (" + target + "): the next run builds it anew",
          "runwright env build " + env_id.substr(0, 12) + "   makes it now");
      return false;
    }
    std::vector<std::string> changed = ChangedFiles(fs_, folder, view_.deep, 5);
    if (changed.empty() && view_.changed) changed = view_.changed(folder);
    if (changed.empty()) return true;
    if (changed.size() > 5) changed.resize(5);
    Add(Health::kError, name,
        "was changed after it was published: " + Join(changed, ", ") + " in " + folder, kCollect);
    return false;
  }

  /// What is in the folder and in no row.
  void Strays() {
    // The conda solver has an environment of its own (env/conda_driver.h).
    std::string mark = os::JoinPath(os::DirName(view_.folder), "conda-solver.json");
    if (auto text = os::ReadFile(fs_, mark, 4096))
      if (auto solver = json::Parse(*text)) known_.insert(solver->StringOr("build_id"));
    for (const std::string& entry : Names(fs_, view_.folder)) {
      if (known_.contains(entry)) continue;
      auto info = fs_.Stat(os::JoinPath(view_.folder, entry));
      if (!info || info->type != os::FileType::kDirectory) continue;
      bool old = info->mtime_ns / 1000 < view_.now_us - kHourUs;
      if (entry.starts_with('.')) {
        if (old && !view_.at_work)
          Add(Health::kWarning, "leftover", entry + " is half made and nobody works at it",
              "restart the server: it removes what the one before left");
      } else if (entry.size() == 64) {
        Add(Health::kNote, "leftover",
            "build " + entry.substr(0, 12) + " is of no environment here",
            "of another server that shares the folder, or of a database that was restored");
      }
    }
  }

  Status Interpreters() {
    auto rows = TRY(db_.Prepare(
        "SELECT name, version, spec_json FROM environments AS e WHERE version = (SELECT"
        " max(version) FROM environments WHERE workspace_id = e.workspace_id AND name = e.name)"
        " ORDER BY name"));
    while (TRY(rows.Step())) {
      auto spec = json::Parse(rows.Text(2));
      if (!spec || spec->StringOr("kind", "interpreter") != "interpreter") continue;
      std::string path = spec->StringOr("interpreter_path");
      if (!path.starts_with('/') || (*spec)["image"].is_object()) continue;
      if (os::Exists(fs_, Resolve(fs_, path))) continue;
      std::string name = rows.Text(0) + ":" + std::to_string(rows.Int(1));
      Add(Health::kWarning, "environment " + name, "there is no interpreter " + path,
          "put it back, or register the environment with another one");
    }
    return Ok();
  }

  db::Connection& db_;
  os::FileSystem& fs_;
  const BuildsView& view_;
  std::set<std::string> known_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<std::string> ChangedFiles(os::FileSystem& fs, const std::string& build, bool deep,
                                      size_t most) {
  std::vector<std::string> out;
  for (const std::string& python : Names(fs, build + "/lib")) {
    std::string inside = "lib/" + python + "/site-packages";
    for (const std::string& entry : Names(fs, os::JoinPath(build, inside))) {
      if (!entry.ends_with(".dist-info")) continue;
      std::string record = os::JoinPath(build, inside) + "/" + entry + "/RECORD";
      auto text = os::ReadFile(fs, record, kMostRecordBytes);
      if (!text) continue;  // not every package has one
      for (const std::string& raw : Split(*text, '\n')) {
        auto line = ReadRecordLine(Trim(raw));
        if (!line || line->path.starts_with('/') || line->path.ends_with(".pyc")) continue;
        if (line->path.ends_with(".dist-info/RECORD")) continue;  // cannot name its own hash
        std::string path = Normal(inside + "/" + line->path);
        if (IsChanged(fs, os::JoinPath(build, path), *line, deep)) out.push_back(path);
        if (out.size() >= most) return out;
      }
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<Finding>> InspectBuilds(db::Connection& db, os::FileSystem& fs,
                                           const BuildsView& view) {
  return Look(db, fs, view).Run();
}

}  // namespace rw::keep
