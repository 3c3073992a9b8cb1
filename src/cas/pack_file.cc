#include "cas/pack_file.h"

#include <algorithm>

#include "base/strings.h"
#include "os/file_system.h"

namespace rw::cas {
namespace {

using Kind = PackedEntry::Kind;
using os::PosixFileSystem;
constexpr size_t kTrailerBytes = 20 + kPackTrailer.size();

Error NoPack(const std::string& file) { return {Code::kCorrupt, file + " is no whole pack"}; }

Result<PackedTree> ReadIndex(os::File& file, const std::string& path, std::string* index) {
  uint64_t size = TRY(file.Size());
  if (size < kTrailerBytes) return NoPack(path);
  std::string trailer(kTrailerBytes, '\0');
  TRY(file.ReadAt(size - kTrailerBytes, {trailer.data(), trailer.size()}));
  auto index_bytes = ParseInt(std::string_view(trailer).substr(0, 20));
  if (!trailer.ends_with(kPackTrailer) || !index_bytes || *index_bytes <= 0 ||
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
