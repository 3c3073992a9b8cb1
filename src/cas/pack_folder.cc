#include "cas/pack_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "os/file_system.h"
#include "os/posix_file.h"
#include "os/walk.h"

namespace rw::cas {
namespace {

using Kind = PackedEntry::Kind;
using os::PosixFileSystem;

std::string Trailer(uint64_t index_bytes) {
  std::string digits = std::to_string(index_bytes);
  return std::string(20 - digits.size(), '0') + digits + std::string(kPackTrailer);
}

int64_t Nanos(const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

/// Text only: in a program's file a path of another length moves everything behind it.
bool HoldsMoved(std::string_view bytes, const PackOptions& options) {
  return std::any_of(
             options.moved.begin(), options.moved.end(),
             [&](const auto& one) { return bytes.find(one.second) != std::string_view::npos; }) &&
         bytes.find('\0') == std::string_view::npos;
}

class Packer {
 public:
  Packer(const std::string& folder, os::File& out, const PackOptions& options)
      : folder_(folder), out_(out), options_(options), buffer_(kPieceBytes) {}

  Result<PackFacts> Run() {
    tree_.notes = options_.notes;
    for (const auto& [name, path] : options_.moved) tree_.notes["moved:" + name] = path;
    auto add = [this](const std::string& path, const os::FileInfo& info) {
      return Add(path, info);
    };
    TRY(os::Walk(PosixFileSystem(), folder_, add));
    std::sort(tree_.entries.begin(), tree_.entries.end(),
              [](const PackedEntry& a, const PackedEntry& b) { return a.path < b.path; });
    for (PackedEntry& entry : tree_.entries) {
      if (entry.kind != Kind::kFile) continue;
      Status added = AddFile(entry);
      if (!added) return std::move(added).error().WithContext("pack " + Whole(entry.path));
    }
    std::string index = EncodeIndex(tree_);
    // What no reader would take is told here, to whoever made the folder.
    TRY(DecodeIndex(index));
    TRY(out_.WriteAt(at_, index + Trailer(index.size())));
    TRY(out_.Sync());
    return PackFacts{Digest::Of(index), index.size(), at_, files_};
  }

 private:
  std::string Whole(const std::string& path) const { return folder_ + "/" + path; }

  Result<bool> Add(const std::string& path, const os::FileInfo& info) {
    if (options_.skip && options_.skip(path)) return false;
    PackedEntry entry;
    entry.path = path;
    if (info.type == os::FileType::kSymlink) {
      entry.target = TRY(PosixFileSystem().ReadLink(Whole(path)));
      entry.kind = entry.target.starts_with('/') ? Kind::kMovedLink : Kind::kLink;
    } else if (info.type == os::FileType::kDirectory) {
      entry.kind = Kind::kFolder;
      entry.mode = info.mode & 0755;
    } else if (info.type == os::FileType::kOther) {
      return Error(Code::kInvalidArgument, Whole(path) + " is neither file, folder nor link");
    }
    tree_.entries.push_back(std::move(entry));
    return true;
  }

  Status AddFile(PackedEntry& entry) {
    std::string path = Whole(entry.path);
    int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return ErrnoError(errno, "open");
    os::PosixFile file(fd, path);
    struct stat info {};
    if (fstat(fd, &info) != 0) return ErrnoError(errno, "stat");
    entry.mode = info.st_mode & 0755;
    entry.size = static_cast<uint64_t>(info.st_size);
    entry.mtime_ns = std::max<int64_t>(0, Nanos(info.st_mtim));
    files_++;
    for (uint64_t done = 0; done < entry.size || entry.digests.empty();) {
      size_t wanted = static_cast<size_t>(std::min(kPieceBytes, entry.size - done));
      size_t n = TRY(file.ReadAt(done, {buffer_.data(), wanted}));
      if (n != wanted) return Error(Code::kFailedPrecondition, "it changed while it was read");
      std::string_view bytes(buffer_.data(), n);
      entry.digests.push_back(Digest::Of(bytes));
      if (entry.size <= kPieceBytes && HoldsMoved(bytes, options_)) entry.kind = Kind::kMovedFile;
      TRY(out_.WriteAt(at_, bytes));
      at_ += n;
      done += n;
    }
    return Ok();
  }

  const std::string& folder_;
  os::File& out_;
  const PackOptions& options_;
  std::vector<char> buffer_;
  PackedTree tree_;
  uint64_t at_ = 0;
  uint64_t files_ = 0;
};

}  // namespace

Result<PackFacts> PackFolder(const std::string& folder, const std::string& file,
                             const PackOptions& options) {
  auto out = TRY(PosixFileSystem().Open(file, os::OpenMode::kCreateNew, 0600));
  return Packer(folder, *out, options).Run();
}

Result<std::set<std::string>> FindMoved(const std::string& folder, const PackOptions& options) {
  std::set<std::string> out;
  auto look = [&](const std::string& path, const os::FileInfo& info) -> Result<bool> {
    if (options.skip && options.skip(path)) return false;
    std::string whole = folder + "/" + path;
    bool moved = false;
    if (info.type == os::FileType::kSymlink)
      moved = TRY(PosixFileSystem().ReadLink(whole)).starts_with('/');
    else if (info.type == os::FileType::kRegular && info.size <= kPieceBytes)
      moved = HoldsMoved(TRY(os::ReadFile(PosixFileSystem(), whole)), options);
    if (moved) out.insert(path);
    return true;
  };
  TRY(os::Walk(PosixFileSystem(), folder, look));
  return out;
}

}  // namespace rw::cas
