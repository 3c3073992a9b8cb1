#include "cas/folder_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "base/strings.h"

namespace rw::cas {
namespace {

FileStat ToFileStat(const struct stat& st) {
  auto nanos = [](const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; };
  return {st.st_size, nanos(st.st_mtim), nanos(st.st_ctim), st.st_ino, st.st_mode};
}

Error Unreadable(const std::string& path, int err) {
  return std::move(ErrnoError(err, "read " + Utf8Lossy(path) + " for the snapshot"))
      .WithContext("make it readable, or leave it out in .amlignore (or .gitignore)");
}

Error BadName(const std::string& path, const Error& why) {
  return Error(Code::kInvalidArgument, why.message() + " A snapshot cannot hold '" +
                                           Utf8Lossy(path) +
                                           "'. Rename it, or leave it out in .amlignore (or "
                                           ".gitignore).");
}

struct Listing {
  std::string names;  // NUL between them
  struct Entry {
    uint32_t at;
    uint32_t size;
    bool is_folder;
  };
  std::vector<Entry> entries;
  const char* Name(const Entry& entry) const { return names.data() + entry.at; }
  std::string_view View(const Entry& entry) const { return {Name(entry), entry.size}; }
};

class OpenFolder {
 public:
  OpenFolder(int parent, const char* name, int extra_flags)
      : dir_(fdopendir(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | extra_flags))),
        error_(dir_ == nullptr ? errno : 0) {}
  ~OpenFolder() {
    if (dir_ != nullptr) closedir(dir_);
  }
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;
  int error() const { return error_; }
  int fd() const { return dirfd(dir_); }

  Listing List() {
    Listing out;
    while (dirent* entry = readdir(dir_)) {
      std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (!out.entries.empty()) out.names += '\0';
      out.entries.push_back({static_cast<uint32_t>(out.names.size()),
                             static_cast<uint32_t>(name.size()), IsFolder(*entry)});
      out.names += name;
    }
    return out;
  }

 private:
  bool IsFolder(const dirent& entry) const {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
    struct stat st {};
    return fstatat(fd(), entry.d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
  }

  DIR* dir_;
  int error_;
};

class Walker {
 public:
  Walker(const IgnoreRules& rules, const StatCache& cache, bool same_rules)
      : rules_(rules), cache_(cache), same_rules_(same_rules) {}

  Result<FolderWalk> Run(const std::string& root) {
    TRY(Folder(AT_FDCWD, root.c_str(), 0, "", 0));
    return std::move(out_);
  }

 private:
  /// Index of the folder. The root may be named through a link; below it none is followed.
  Result<uint32_t> Folder(int parent, const char* name, int flags, const std::string& path,
                          size_t depth) {
    if (depth > kMaxTreeDepth || path.size() > kMaxPathBytes)
      return Error(Code::kTooLarge, "The folders at '" + path.substr(0, 300) +
                                        "' are nested too deep for a snapshot (256 levels, 4,096 "
                                        "bytes). Leave them out in .amlignore (or .gitignore).");
    OpenFolder open(parent, name, flags);
    if (open.error() != 0) return Unreadable(path.empty() ? name : path, open.error());
    Listing listing = open.List();
    const FolderState* old = cache_.Find(path);
    uint32_t index = static_cast<uint32_t>(out_.folders.size());
    out_.folders.emplace_back().path = path;
    size_t pending = out_.pending.size();
    if (old == nullptr || !AsBefore(open.fd(), listing, *old, index)) {
      out_.pending.resize(pending);
      TRY(Anew(open.fd(), listing, old, index));
    }
    TRY(Subfolders(open.fd(), index, depth));
    Decide(index, old);
    return index;
  }

  Status Subfolders(int fd, uint32_t index, size_t depth) {
    std::string names = out_.folders[index].names;  // the vector moves while it grows
    std::string kinds = out_.folders[index].kinds;
    std::string prefix = Prefix(index);
    const char* name = names.c_str();
    for (char kind : kinds) {
      if (kind == kKindFolder) {
        uint32_t child = TRY(Folder(fd, name, O_NOFOLLOW, prefix + name, depth + 1));
        out_.folders[index].children.push_back(child);
      }
      name += strlen(name) + 1;
    }
    return Ok();
  }

  /// The folder has the cached listing: all that can differ are the files' stats. False when it
  /// must be looked at entry by entry.
  bool AsBefore(int fd, const Listing& listing, const FolderState& old, uint32_t index) {
    if (!same_rules_ || listing.names != old.names || listing.entries.size() != old.kinds.size())
      return false;
    SnapshotFolder& folder = out_.folders[index];
    folder.stats.clear();
    folder.stats.reserve(old.stats.size());
    for (size_t i = 0; i < old.kinds.size(); i++) {
      const Listing::Entry& entry = listing.entries[i];
      char kind = old.kinds[i];
      if (entry.is_folder != (kind == kKindFolder || kind == kKindFolderOut)) return false;
      if (kind == kKindFile && !StatAsBefore(fd, listing, entry, old, index)) return false;
    }
    folder.names = old.names;
    folder.kinds = old.kinds;
    folder.digests = old.digests;
    folder.tree = old.tree;
    folder.size = old.size;
    folder.files = old.files;
    return true;
  }

  bool StatAsBefore(int fd, const Listing& listing, const Listing::Entry& entry,
                    const FolderState& old, uint32_t index) {
    SnapshotFolder& folder = out_.folders[index];
    struct stat st;
    if (fstatat(fd, listing.Name(entry), &st, AT_SYMLINK_NOFOLLOW) != 0) return false;
    size_t at = folder.stats.size();
    if (at >= old.stats.size()) return false;
    folder.stats.push_back(ToFileStat(st));
    if (folder.stats[at] == old.stats[at]) return true;
    if ((old.stats[at].mode & S_IFMT) != (st.st_mode & S_IFMT)) return false;
    AddPending(index, at, listing.View(entry));
    folder.dirty = true;
    return true;
  }

  Status Anew(int fd, const Listing& listing, const FolderState* old, uint32_t index) {
    auto known = ByName(old);
    SnapshotFolder fresh;
    fresh.path = out_.folders[index].path;
    fresh.dirty = true;
    out_.folders[index] = std::move(fresh);
    for (const Listing::Entry& entry : listing.entries)
      TRY(Entry(fd, listing, entry, known, index));
    return Ok();
  }

  using Known = std::unordered_map<std::string_view, std::pair<const FileStat*, const Digest*>>;

  static Known ByName(const FolderState* old) {
    Known out;
    if (old == nullptr) return out;
    const char* name = old->names.c_str();
    size_t at = 0;
    for (char kind : old->kinds) {
      std::string_view view = name;
      if (kind == kKindFile && at < old->stats.size()) {
        out[view] = {&old->stats[at], &old->digests[at]};
        at++;
      }
      name += view.size() + 1;
    }
    return out;
  }

  Status Entry(int fd, const Listing& listing, const Listing::Entry& entry, const Known& known,
               uint32_t index) {
    std::string_view name = listing.View(entry);
    std::string path = Prefix(index) + std::string(name);
    SnapshotFolder& folder = out_.folders[index];
    if (rules_.Excludes(path, entry.is_folder)) {
      AddName(&folder, name, entry.is_folder ? kKindFolderOut : kKindOut);
      return Ok();
    }
    if (Status good = CheckEntryName(name); !good) return BadName(path, good.error());
    if (path.size() > kMaxPathBytes)
      return BadName(path, Error(Code::kInvalidArgument, "The path is over 4,096 bytes."));
    if (entry.is_folder) {
      AddName(&folder, name, kKindFolder);
      return Ok();
    }
    struct stat st;
    if (fstatat(fd, listing.Name(entry), &st, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? Ok() : Status(Unreadable(path, errno));
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
      out_.skipped.push_back(path);
      return Ok();
    }
    AddName(&folder, name, kKindFile);
    AddFile(index, name, ToFileStat(st), known);
    return Ok();
  }

  void AddFile(uint32_t index, std::string_view name, const FileStat& stat, const Known& known) {
    SnapshotFolder& folder = out_.folders[index];
    folder.stats.push_back(stat);
    auto before = known.find(name);
    if (before != known.end() && *before->second.first == stat) {
      folder.digests.push_back(*before->second.second);
      return;
    }
    AddPending(index, folder.digests.size(), name);
    folder.digests.emplace_back();
  }

  void AddPending(uint32_t index, size_t at, std::string_view name) {
    out_.pending.push_back({index, static_cast<uint32_t>(at), Prefix(index) + std::string(name)});
  }

  static void AddName(SnapshotFolder* folder, std::string_view name, Kind kind) {
    if (!folder->kinds.empty()) folder->names += '\0';
    folder->names += name;
    folder->kinds += static_cast<char>(kind);
  }

  void Decide(uint32_t index, const FolderState* old) {
    SnapshotFolder& folder = out_.folders[index];
    for (uint32_t child : folder.children) folder.dirty |= out_.folders[child].dirty;
    if (folder.dirty || old == nullptr) SumUp(out_.folders, folder);
  }

  std::string Prefix(uint32_t index) const {
    const std::string& path = out_.folders[index].path;
    return path.empty() ? path : path + "/";
  }

  const IgnoreRules& rules_;
  const StatCache& cache_;
  bool same_rules_;
  FolderWalk out_;
};

}  // namespace

Result<FolderWalk> WalkFolder(const std::string& root, const IgnoreRules& rules,
                              const StatCache& cache, bool same_rules) {
  return Walker(rules, cache, same_rules).Run(root);
}

void SumUp(std::vector<SnapshotFolder>& folders, SnapshotFolder& folder) {
  folder.size = 0;
  folder.files = folder.stats.size();
  for (const FileStat& stat : folder.stats) folder.size += static_cast<uint64_t>(stat.size);
  for (uint32_t child : folder.children) {
    folder.size += folders[child].size;
    folder.files += folders[child].files;
  }
}

}  // namespace rw::cas
