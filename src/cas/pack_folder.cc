#include "cas/pack_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "cas/tree.h"
#include "os/file_system.h"
#include "os/posix_file.h"

namespace rw::cas {
namespace {

using Kind = PackedEntry::Kind;
using os::PosixFileSystem;
constexpr std::string_view kTrailer = " runwright-pack 1\n";
constexpr size_t kTrailerBytes = 20 + kTrailer.size();

std::string Trailer(uint64_t index_bytes) {
  std::string digits = std::to_string(index_bytes);
  return std::string(20 - digits.size(), '0') + digits + std::string(kTrailer);
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
    TRY(Walk(""));
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

  Status Walk(const std::string& below) {
    for (const os::DirEntry& one :
         TRY(PosixFileSystem().List(below.empty() ? folder_ : Whole(below)))) {
      std::string path = below.empty() ? one.name : below + "/" + one.name;
      if (options_.skip && options_.skip(path)) continue;
      PackedEntry entry;
      entry.path = path;
      if (one.type == os::FileType::kSymlink) {
        TRY(AddLink(std::move(entry)));
      } else if (one.type == os::FileType::kDirectory) {
        entry.kind = Kind::kFolder;
        entry.mode = TRY(PosixFileSystem().Stat(Whole(path))).mode & 0755;
        tree_.entries.push_back(std::move(entry));
        TRY(Walk(path));
      } else if (one.type == os::FileType::kRegular) {
        tree_.entries.push_back(std::move(entry));
      } else {
        return Error(Code::kInvalidArgument, Whole(path) + " is neither file, folder nor link");
      }
    }
    return Ok();
  }

  Status AddLink(PackedEntry entry) {
    entry.kind = Kind::kLink;
    entry.target = TRY(PosixFileSystem().ReadLink(Whole(entry.path)));
    if (entry.target.starts_with('/')) entry.kind = Kind::kMovedLink;
    tree_.entries.push_back(std::move(entry));
    return Ok();
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

Status FindMovedBelow(const std::string& folder, const std::string& below,
                      const PackOptions& options, std::set<std::string>* out) {
  for (const os::DirEntry& one :
       TRY(PosixFileSystem().List(below.empty() ? folder : folder + "/" + below))) {
    std::string path = below.empty() ? one.name : below + "/" + one.name;
    std::string whole = folder + "/" + path;
    if (options.skip && options.skip(path)) continue;
    if (one.type == os::FileType::kDirectory) {
      TRY(FindMovedBelow(folder, path, options, out));
    } else if (one.type == os::FileType::kSymlink) {
      if (TRY(PosixFileSystem().ReadLink(whole)).starts_with('/')) out->insert(path);
    } else if (TRY(PosixFileSystem().Stat(whole)).size <= kPieceBytes &&
               HoldsMoved(TRY(os::ReadFile(PosixFileSystem(), whole)), options)) {
      out->insert(path);
    }
  }
  return Ok();
}

Error NoPack(const std::string& file) { return {Code::kCorrupt, file + " is no whole pack"}; }

}  // namespace

Result<PackFacts> PackFolder(const std::string& folder, const std::string& file,
                             const PackOptions& options) {
  auto out = TRY(PosixFileSystem().Open(file, os::OpenMode::kCreateNew, 0600));
  return Packer(folder, *out, options).Run();
}

Result<std::set<std::string>> FindMoved(const std::string& folder, const PackOptions& options) {
  std::set<std::string> out;
  TRY(FindMovedBelow(folder, "", options, &out));
  return out;
}

namespace {

Result<PackedTree> ReadIndex(os::File& file, const std::string& path, std::string* index) {
  uint64_t size = TRY(file.Size());
  if (size < kTrailerBytes) return NoPack(path);
  std::string trailer(kTrailerBytes, '\0');
  TRY(file.ReadAt(size - kTrailerBytes, {trailer.data(), trailer.size()}));
  auto index_bytes = ParseInt(std::string_view(trailer).substr(0, 20));
  if (!trailer.ends_with(kTrailer) || !index_bytes || *index_bytes <= 0 ||
      static_cast<uint64_t>(*index_bytes) > std::min(size - kTrailerBytes, kMaxIndexBytes))
    return NoPack(path);
  index->resize(static_cast<size_t>(*index_bytes));
  uint64_t at = size - kTrailerBytes - index->size();
  TRY(file.ReadAt(at, {index->data(), index->size()}));
  auto tree = DecodeIndex(*index);
  if (!tree || tree->content_bytes != at) return NoPack(path);
  return tree;
}

}  // namespace

Result<PackFacts> ReadPackFacts(const std::string& path) {
  auto file = TRY(PosixFileSystem().Open(path, os::OpenMode::kRead));
  std::string index;
  PackedTree tree = TRY(ReadIndex(*file, path, &index));
  auto files = std::count_if(tree.entries.begin(), tree.entries.end(), [](const PackedEntry& e) {
    return e.kind == Kind::kFile || e.kind == Kind::kMovedFile;
  });
  return PackFacts{Digest::Of(index), index.size(), tree.content_bytes,
                   static_cast<uint64_t>(files)};
}

Status VerifyPack(const std::string& path) {
  auto file = TRY(PosixFileSystem().Open(path, os::OpenMode::kRead));
  std::string bytes;
  PackedTree tree = TRY(ReadIndex(*file, path, &bytes));
  for (const PackedEntry& entry : tree.entries)
    for (size_t i = 0; i < entry.digests.size(); i++) {
      uint64_t from = i * kPieceBytes;
      bytes.resize(static_cast<size_t>(std::min(kPieceBytes, entry.size - from)));
      TRY(file->ReadAt(entry.offset + from, {bytes.data(), bytes.size()}));
      if (Digest::Of(bytes) != entry.digests[i])
        return Error(Code::kCorrupt, path + ": file " + entry.path + " is damaged");
    }
  return Ok();
}

}  // namespace rw::cas
