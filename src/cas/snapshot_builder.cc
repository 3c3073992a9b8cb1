#include "cas/snapshot_builder.h"

#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <optional>
#include <thread>

#include "base/strings.h"
#include "cas/file_hasher.h"
#include "cas/folder_walk.h"
#include "os/file_system.h"

namespace rw::cas {
namespace {

constexpr uint64_t kWarnBytes = 300'000'000;
constexpr uint64_t kMaxBytes = uint64_t{10} << 30;
constexpr int64_t kTickNanos = 2'000'000'000;
constexpr int kTries = 5;
constexpr unsigned kMostThreads = 8;

struct Rules {
  std::string file;
  IgnoreRules rules;
  Digest digest;
};

Result<Rules> LoadRules(const std::string& root) {
  for (const char* name : {".amlignore", ".gitignore"}) {
    struct stat st {};
    std::string path = root + "/" + name;
    if (stat(path.c_str(), &st) != 0 || S_ISDIR(st.st_mode)) continue;
    auto text = os::ReadFile(os::PosixFileSystem(), path);
    if (!text) return std::move(text).error().WithContext("read the ignore file");
    return Rules{name, IgnoreRules::Parse(*text), Digest::Of(*text)};
  }
  return Rules{"", IgnoreRules(), Digest::Of("")};
}

Result<std::string> RealFolder(const std::string& folder) {
  char* resolved = realpath(folder.c_str(), nullptr);
  std::string out = resolved == nullptr ? "" : resolved;
  free(resolved);
  struct stat st {};
  if (out.empty() || stat(out.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
    return Error(Code::kNotFound,
                 "The source folder " + folder + " does not exist, or is no folder.");
  return out;
}

Result<uint64_t> MaxBytes(const BuildOptions& options) {
  if (options.max_bytes != 0) return options.max_bytes;
  const char* text = getenv("RUNWRIGHT_SNAPSHOT_MAX_BYTES");
  if (text == nullptr || *text == '\0') return kMaxBytes;
  auto value = ParseInt(text);
  if (!value || *value < 0)
    return Error(Code::kInvalidArgument, "RUNWRIGHT_SNAPSHOT_MAX_BYTES is '" + std::string(text) +
                                             "': give a number of bytes.");
  return static_cast<uint64_t>(*value);
}

/// Before anything is hashed.
Status CheckSize(const std::string& root, const FolderWalk& walk, const std::string& ignore_file,
                 const BuildOptions& options) {
  const SnapshotFolder& top = walk.folders[0];
  if (top.size <= kWarnBytes) return Ok();
  std::string text = "The snapshot of " + root + " has " + HumanBytes(top.size) + " in " +
                     std::to_string(top.files) + " files";
  std::string advice = " The largest parts: ";
  std::string separator;
  for (const LargeFolder& part : LargestParts(walk.folders)) {
    advice += separator + part.path + " (" + HumanBytes(part.bytes) + ")";
    separator = ", ";
  }
  advice += ". Name what the script does not need in " +
            (ignore_file.empty() ? ".amlignore" : ignore_file) + " of " + root + ".";
  uint64_t most = TRY(MaxBytes(options));
  if (top.size > most)
    return Error(Code::kTooLarge,
                 text + ", over the limit of " + HumanBytes(most) + "." + advice +
                     " To send it all the same, set RUNWRIGHT_SNAPSHOT_MAX_BYTES=" +
                     std::to_string(top.size) + ".");
  if (options.warn) options.warn(text + "." + advice);
  return Ok();
}

class Builder {
 public:
  Builder(std::string root, const BuildOptions& options)
      : root_(std::move(root)), options_(options) {}

  /// nullopt: something changed between two looks at it (`changed_`).
  Result<std::optional<Snapshot>> Try() {
    Clock& clock = options_.clock == nullptr ? SystemClock() : *options_.clock;
    int64_t started_ns = clock.WallMicros() * 1000;
    Rules rules = TRY(LoadRules(root_));
    StatCache cache;
    if (!options_.cache_folder.empty()) cache = StatCache::Load(CachePath());
    bool same_rules = cache.rules() == rules.digest;
    FolderWalk walk = TRY(WalkFolder(root_, rules.rules, cache, same_rules));
    TRY(CheckSize(root_, walk, rules.file, options_));
    HashOptions hash{started_ns - kTickNanos, options_.progress,
                     std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads)};
    HashOutcome outcome = TRY(HashPending(root_, hash, &walk, &changed_));
    if (outcome == HashOutcome::kChanged) return std::optional<Snapshot>();
    Snapshot snapshot = Finish(std::move(walk));
    snapshot.ignore_file = rules.file;
    if (!same_rules || snapshot.folders[0].dirty || cache.size() != snapshot.folders.size())
      StoreCache(rules.digest, snapshot);
    return std::optional(std::move(snapshot));
  }

  const std::string& changed() const { return changed_; }

 private:
  Snapshot Finish(FolderWalk walk) {
    Snapshot out;
    out.root = root_;
    out.hashed_files = walk.pending.size();
    out.skipped = std::move(walk.skipped);
    out.folders = std::move(walk.folders);
    // What is in a folder stands behind it.
    for (size_t i = out.folders.size(); i-- > 0;) {
      SnapshotFolder& folder = out.folders[i];
      if (!folder.dirty) continue;
      SumUp(out.folders, folder);
      folder.tree = Digest::Of(EncodeTree(TreeOf(out, folder)));
    }
    out.id = out.folders[0].tree;
    out.files = out.folders[0].files;
    out.bytes = out.folders[0].size;
    if (out.bytes > kWarnBytes) out.largest_folders = LargestParts(out.folders);
    return out;
  }

  void StoreCache(const Digest& rules, const Snapshot& snapshot) {
    if (options_.cache_folder.empty()) return;
    StatCacheWriter writer(rules, snapshot.folders.size());
    for (const SnapshotFolder& folder : snapshot.folders) writer.Add(folder);
    writer.Store(CachePath());
  }

  std::string CachePath() const { return StatCache::PathFor(options_.cache_folder, root_); }

  std::string root_;
  const BuildOptions& options_;
  std::string changed_;
};

EntryMode ModeOf(const FileStat& stat) {
  if (S_ISLNK(stat.mode)) return EntryMode::kLink;
  return (stat.mode & 0111) != 0 ? EntryMode::kExecutable : EntryMode::kFile;
}

}  // namespace

std::string DefaultStatCacheFolder() {
  const char* base = getenv("XDG_CACHE_HOME");
  if (base != nullptr && base[0] == '/') return std::string(base) + "/runwright/snapshots";
  const char* home = getenv("HOME");
  if (home == nullptr || home[0] != '/') return "";
  return std::string(home) + "/.cache/runwright/snapshots";
}

Result<Snapshot> BuildSnapshot(const std::string& folder, const BuildOptions& options) {
  Builder builder(TRY(RealFolder(folder)), options);
  for (int i = 0; i < kTries; i++) {
    auto snapshot = TRY(builder.Try());
    if (snapshot) return *std::move(snapshot);
  }
  return Error(Code::kConflict, builder.changed() + " keeps changing while the snapshot of " +
                                    folder +
                                    " is made. Stop what writes there, or leave it out in "
                                    ".amlignore (or .gitignore).");
}

Tree TreeOf(const Snapshot& snapshot, const SnapshotFolder& folder) {
  Tree tree;
  const char* name = folder.names.c_str();
  size_t file = 0;
  size_t child = 0;
  for (char kind : folder.kinds) {
    std::string_view view = name;
    if (kind == kKindFile) {
      const FileStat& stat = folder.stats[file];
      tree.push_back({ModeOf(stat), folder.digests[file++], static_cast<uint64_t>(stat.size),
                      std::string(view)});
    } else if (kind == kKindFolder) {
      const SnapshotFolder& below = snapshot.folders[folder.children[child++]];
      tree.push_back({EntryMode::kFolder, below.tree, below.size, std::string(view)});
    }
    name += view.size() + 1;
  }
  std::sort(tree.begin(), tree.end(),
            [](const TreeEntry& a, const TreeEntry& b) { return a.name < b.name; });
  return tree;
}

}  // namespace rw::cas
