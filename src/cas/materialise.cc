#include "cas/materialise.h"

#include <vector>

#include "cas/snapshot_reader.h"

namespace rw::cas {
namespace {

constexpr uint64_t kCloneFrom = uint64_t{1} << 20;
constexpr size_t kBufferBytes = size_t{1} << 17;

Status Copy(BlobStore& store, const Digest& digest, os::FileSystem& fs, const std::string& path,
            uint32_t permissions, std::vector<char>& buffer) {
  auto reader = TRY(store.Open(digest));
  auto file = TRY(fs.Open(path, os::OpenMode::kCreateNew, permissions));
  uint64_t offset = 0;
  while (true) {
    size_t n = TRY(reader->Read(buffer));
    if (n > 0) TRY(file->WriteAt(offset, {buffer.data(), n}));
    offset += n;
    if (n < buffer.size()) return Ok();
  }
}

class Materialiser {
 public:
  Materialiser(BlobStore& store, os::FileSystem& fs, std::string folder,
               const MaterialiseOptions& options)
      : store_(store), fs_(fs), folder_(std::move(folder)), options_(options) {}

  Result<MaterialiseCounts> Run(const Digest& root) {
    TRY(MakeRoot());
    TRY(WalkSnapshot(store_, root, [this](const SnapshotEntry& entry) {
      Status made = Make(entry);
      if (made) return made;
      return Status(std::move(made).error().WithContext("make " + entry.path));
    }));
    for (const auto& [target, path] : links_) TRY(fs_.MakeSymlink(target, path));
    return counts_;
  }

 private:
  Status MakeRoot() {
    auto info = fs_.Stat(folder_);
    if (!info && info.error().code() == Code::kNotFound) return fs_.MakeDirs(folder_);
    if (!info) return std::move(info).error();
    if (info->type != os::FileType::kDirectory || !TRY(fs_.List(folder_)).empty())
      return Error(Code::kFailedPrecondition,
                   folder_ + " is not an empty folder. Remove it, then make the snapshot there.");
    return Ok();
  }

  Status Make(const SnapshotEntry& at) {
    std::string path = folder_ + "/" + at.path;
    switch (at.entry.mode) {
      case EntryMode::kFolder:
        return fs_.MakeDirs(path);
      case EntryMode::kLink:
        links_.emplace_back(TRY(LinkTarget(at.entry)), path);
        return Count(at.entry);
      case EntryMode::kFile:
        TRY(MakeFile(at.entry, path, 0644));
        return Count(at.entry);
      case EntryMode::kExecutable:
        TRY(MakeFile(at.entry, path, 0755));
        return Count(at.entry);
    }
    return Ok();
  }

  Result<std::string> LinkTarget(const TreeEntry& entry) {
    std::string target = TRY(ReadBlob(store_, entry.digest, kMaxPathBytes));
    if (target.empty() || target.find('\0') != std::string::npos)
      return Error(Code::kInvalidArgument, "This symbolic link has no usable target.");
    return target;
  }

  Status MakeFile(const TreeEntry& entry, const std::string& path, uint32_t permissions) {
    if (entry.size >= kCloneFrom && options_.cloner != nullptr && options_.blob_path &&
        options_.cloner->Clone(options_.blob_path(entry.digest), path, permissions))
      return VerifyClone(entry, path);
    return Copy(store_, entry.digest, fs_, path, permissions, buffer_);
  }

  /// What was cloned is what the store holds: reading the store's copy proves both.
  Status VerifyClone(const TreeEntry& entry, const std::string& path) {
    Status good = VerifyBlob(store_, entry.digest);
    if (!good) (void)fs_.Remove(path);
    return good;
  }

  Status Count(const TreeEntry& entry) {
    counts_.files++;
    counts_.bytes += entry.size;
    if (!options_.progress || options_.progress(counts_)) return Ok();
    return Error(Code::kCanceled, "Copying the snapshot was canceled.");
  }

  BlobStore& store_;
  os::FileSystem& fs_;
  std::string folder_;
  const MaterialiseOptions& options_;
  MaterialiseCounts counts_;
  std::vector<std::pair<std::string, std::string>> links_;
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
};

}  // namespace

Result<MaterialiseCounts> Materialise(BlobStore& store, const Digest& root, os::FileSystem& fs,
                                      const std::string& folder,
                                      const MaterialiseOptions& options) {
  return Materialiser(store, fs, folder, options).Run(root);
}

Status CopyBlob(BlobStore& store, const Digest& digest, os::FileSystem& fs, const std::string& path,
                uint32_t permissions) {
  std::vector<char> buffer(kBufferBytes);
  return Copy(store, digest, fs, path, permissions, buffer);
}

}  // namespace rw::cas
