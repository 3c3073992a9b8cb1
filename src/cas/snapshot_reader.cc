#include "cas/snapshot_reader.h"

#include <algorithm>
#include <unordered_set>

namespace rw::cas {
namespace {

Error TooLarge(std::string_view what) {
  return Error(Code::kTooLarge, "The snapshot has " + std::string(what) + ".");
}

class Walk {
 public:
  Walk(BlobStore& store, const std::function<Status(const SnapshotEntry&)>& visit)
      : store_(store), visit_(visit) {}

  Status Folder(const Digest& digest, const std::string& path, size_t depth) {
    if (depth > kMaxTreeDepth) return TooLarge("folders nested deeper than 256");
    Tree tree = TRY(ReadTree(store_, digest));
    for (TreeEntry& entry : tree) TRY(Entry(std::move(entry), path, depth));
    return Ok();
  }

 private:
  Status Entry(TreeEntry entry, const std::string& path, size_t depth) {
    SnapshotEntry out{path.empty() ? entry.name : path + "/" + entry.name, std::move(entry)};
    if (out.path.size() > kMaxPathBytes) return TooLarge("a path over 4,096 bytes");
    if (++entries_ > kMaxSnapshotEntries) return TooLarge("more than 4,000,000 entries");
    TRY(visit_(out));
    if (out.entry.mode != EntryMode::kFolder) return Ok();
    return Folder(out.entry.digest, out.path, depth + 1);
  }

  BlobStore& store_;
  const std::function<Status(const SnapshotEntry&)>& visit_;
  uint64_t entries_ = 0;
};

}  // namespace

Result<Tree> ReadTree(BlobStore& store, const Digest& digest) {
  auto bytes = ReadBlob(store, digest, kMaxTreeBytes);
  if (!bytes) return std::move(bytes).error().WithContext("read tree " + digest.Short());
  auto tree = DecodeTree(*bytes);
  if (!tree) return std::move(tree).error().WithContext("read tree " + digest.Short());
  return tree;
}

Status WalkSnapshot(BlobStore& store, const Digest& root,
                    const std::function<Status(const SnapshotEntry&)>& visit) {
  return Walk(store, visit).Folder(root, "", 0);
}

Result<std::vector<SnapshotEntry>> ListSnapshot(BlobStore& store, const Digest& root, size_t most) {
  std::vector<SnapshotEntry> out;
  TRY(WalkSnapshot(store, root, [&](const SnapshotEntry& entry) -> Status {
    if (out.size() >= most) return TooLarge("more than " + std::to_string(most) + " entries");
    out.push_back(entry);
    return Ok();
  }));
  return out;
}

/// One check. Totals are known for whole trees only; a tree with something missing below is looked
/// at again.
class ClosureChecker::Pass {
 public:
  explicit Pass(ClosureChecker& checker) : checker_(checker) {}

  Result<Closure> Run(const Digest& root) {
    Totals totals;
    bool whole = TRY(Folder(root, 0, &totals));
    if (whole) {
      closure_.files = totals.files;
      closure_.bytes = totals.bytes;
    }
    return std::move(closure_);
  }

 private:
  /// True when everything below is there.
  Result<bool> Folder(const Digest& digest, size_t depth, Totals* totals) {
    if (Known(digest, totals)) {
      if (depth + totals->depth > kMaxTreeDepth) return TooLarge("folders nested deeper than 256");
      return true;
    }
    if (depth > kMaxTreeDepth) return TooLarge("folders nested deeper than 256");
    if (broken_.contains(digest)) return false;
    auto tree = ReadTree(checker_.store_, digest);
    if (!tree && tree.error().code() == Code::kNotFound) {
      Missing(digest);
      broken_.insert(digest);
      return false;
    }
    if (!tree) return std::move(tree).error();
    bool whole = TRY(Entries(*tree, depth, totals));
    if (whole) Remember(digest, *totals);
    if (!whole) broken_.insert(digest);
    return whole;
  }

  Result<bool> Entries(const Tree& tree, size_t depth, Totals* totals) {
    bool whole = true;
    std::vector<Digest> blobs;
    for (const TreeEntry& entry : tree) {
      totals->entries++;
      if (entry.mode == EntryMode::kFolder) {
        whole &= TRY(Subfolder(entry, depth, totals));
      } else {
        whole &= TRY(Blob(entry));
        totals->files++;
        totals->bytes += entry.size;
      }
      if (totals->entries > kMaxSnapshotEntries) return TooLarge("more than 4,000,000 entries");
      if (totals->bytes > uint64_t{INT64_MAX}) return TooLarge("more bytes than can be counted");
    }
    return whole;
  }

  Result<bool> Subfolder(const TreeEntry& entry, size_t depth, Totals* totals) {
    Totals below;
    if (!TRY(Folder(entry.digest, depth + 1, &below))) return false;
    if (below.bytes != entry.size) return WrongSize(entry, below.bytes);
    totals->files += below.files;
    totals->bytes += below.bytes;
    totals->entries += below.entries;
    totals->depth = std::max(totals->depth, below.depth + 1);
    return true;
  }

  Result<bool> Blob(const TreeEntry& entry) {
    auto size = checker_.store_.Size(entry.digest);
    if (!size && size.error().code() == Code::kNotFound) {
      Missing(entry.digest);
      return false;
    }
    if (!size) return std::move(size).error();
    if (*size != entry.size) return WrongSize(entry, *size);
    return true;
  }

  static Error WrongSize(const TreeEntry& entry, uint64_t actual) {
    return Error(Code::kInvalidArgument,
                 "The tree says that '" + entry.name + "' (" + entry.digest.Short() + ") has " +
                     std::to_string(entry.size) + " bytes; it has " + std::to_string(actual) + ".");
  }

  void Missing(const Digest& digest) {
    if (listed_.insert(digest).second) closure_.missing.push_back(digest);
  }

  bool Known(const Digest& digest, Totals* totals) {
    std::lock_guard lock(checker_.mutex_);
    auto at = checker_.whole_.find(digest);
    if (at == checker_.whole_.end()) return false;
    *totals = at->second;
    return true;
  }

  void Remember(const Digest& digest, const Totals& totals) {
    std::lock_guard lock(checker_.mutex_);
    checker_.whole_[digest] = totals;
  }

  ClosureChecker& checker_;
  Closure closure_;
  std::unordered_set<Digest> listed_;
  std::unordered_set<Digest> broken_;
};

Result<Closure> ClosureChecker::Check(const Digest& root) { return Pass(*this).Run(root); }

void ClosureChecker::Forget() {
  std::lock_guard lock(mutex_);
  whole_.clear();
}

}  // namespace rw::cas
