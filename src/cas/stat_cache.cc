#include "cas/stat_cache.h"

#include <unistd.h>

#include <cstring>

#include "base/hash.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cas {
namespace {

constexpr std::string_view kMagic = "RWSTAT1\n";
constexpr uint64_t kMostBytes = uint64_t{2} << 30;

struct FolderHead {
  uint32_t path_size;
  uint32_t names_size;
  uint32_t entries;
  uint32_t files_here;
  uint64_t size;
  uint64_t files;
  uint8_t tree[32];
};
static_assert(sizeof(FolderHead) == 64);

/// Cuts the next `count` values off the front of the bytes; false when there are not so many.
template <class T>
bool Take(std::string_view* bytes, size_t count, T* out) {
  size_t size = count * sizeof(T);
  if (bytes->size() < size) return false;
  if (size > 0) std::memcpy(out, bytes->data(), size);
  bytes->remove_prefix(size);
  return true;
}

bool TakeText(std::string_view* bytes, size_t size, std::string* out) {
  if (bytes->size() < size) return false;
  out->assign(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

template <class T>
bool TakeVector(std::string_view* bytes, size_t count, std::vector<T>* out) {
  if (bytes->size() / sizeof(T) < count) return false;
  out->resize(count);
  return Take(bytes, count, out->data());
}

bool TakeFolder(std::string_view* bytes, FolderState* out) {
  FolderHead head;
  if (!Take(bytes, 1, &head)) return false;
  out->size = head.size;
  out->files = head.files;
  out->tree = Digest::FromRaw(head.tree);
  return TakeText(bytes, head.path_size, &out->path) &&
         TakeText(bytes, head.names_size, &out->names) &&
         TakeText(bytes, head.entries, &out->kinds) &&
         TakeVector(bytes, head.files_here, &out->stats) &&
         TakeVector(bytes, head.files_here, &out->digests);
}

template <class T>
void Append(std::string* out, const T* values, size_t count) {
  out->append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

}  // namespace

std::string StatCache::PathFor(const std::string& cache_folder, const std::string& root) {
  return cache_folder + "/" + Sha256Hex(root).substr(0, 32) + ".stat1";
}

StatCache StatCache::Load(const std::string& path) {
  StatCache cache;
  auto bytes = os::ReadFile(os::PosixFileSystem(), path, kMostBytes);
  if (!bytes || !cache.Parse(*bytes)) return StatCache();
  for (size_t i = 0; i < cache.folders_.size(); i++) cache.by_path_[cache.folders_[i].path] = i;
  return cache;
}

bool StatCache::Parse(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + 32 || bytes.substr(0, kMagic.size()) != kMagic) return false;
  bytes.remove_prefix(kMagic.size());
  Digest checksum;
  if (!Take(&bytes, 1, &checksum) || Digest::Of(bytes) != checksum) return false;
  uint32_t count = 0;
  if (!Take(&bytes, 1, &rules_) || !Take(&bytes, 1, &count)) return false;
  for (uint32_t i = 0; i < count; i++)
    if (!TakeFolder(&bytes, &folders_.emplace_back())) return false;
  return bytes.empty();
}

const FolderState* StatCache::Find(std::string_view path) const {
  auto at = by_path_.find(path);
  return at == by_path_.end() ? nullptr : &folders_[at->second];
}

StatCacheWriter::StatCacheWriter(const Digest& rules, size_t folders) {
  body_ += rules.raw();
  uint32_t count = static_cast<uint32_t>(folders);
  Append(&body_, &count, 1);
}

void StatCacheWriter::Add(const FolderState& folder) {
  FolderHead head{static_cast<uint32_t>(folder.path.size()),
                  static_cast<uint32_t>(folder.names.size()),
                  static_cast<uint32_t>(folder.kinds.size()),
                  static_cast<uint32_t>(folder.stats.size()),
                  folder.size,
                  folder.files,
                  {}};
  std::memcpy(head.tree, folder.tree.raw().data(), sizeof head.tree);
  Append(&body_, &head, 1);
  body_ += folder.path;
  body_ += folder.names;
  body_ += folder.kinds;
  Append(&body_, folder.stats.data(), folder.stats.size());
  Append(&body_, folder.digests.data(), folder.digests.size());
}

/// Not synced: the checksum tells a cache that a crash has cut.
void StatCacheWriter::Store(const std::string& path) const {
  os::FileSystem& fs = os::PosixFileSystem();
  std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  auto write = [&]() -> Status {
    TRY(fs.MakeDirs(os::DirName(path), 0700));
    auto file = TRY(fs.Open(temporary, os::OpenMode::kTruncate));
    std::string head(kMagic);
    head += Digest::Of(body_).raw();
    TRY(file->WriteAt(0, head));
    TRY(file->WriteAt(head.size(), body_));
    return fs.Rename(temporary, path);
  };
  if (!write()) (void)fs.Remove(temporary);
}

}  // namespace rw::cas
