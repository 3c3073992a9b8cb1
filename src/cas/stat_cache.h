// What was hashed of a source folder, so that unchanged files are not read again. One file for each
// source folder, shared with the Python client; python/runwright/_stat_cache.py describes the
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cas/digest.h"

namespace rw::cas {

/// As it lies in the cache file (little-endian). `mtime_ns` is kNeverUnchanged where the times do
/// not prove that the content is what was hashed: a file may change twice within one tick of the
/// clock.
struct FileStat {
  int64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
  uint64_t mode = 0;
  bool operator==(const FileStat&) const = default;
};
static_assert(sizeof(FileStat) == 40 && sizeof(Digest) == 32);
inline constexpr int64_t kNeverUnchanged = INT64_MIN;

enum Kind : char { kKindFile = 'f', kKindFolder = 'd', kKindOut = 'i', kKindFolderOut = 'x' };

/// One folder as it was seen.
struct FolderState {
  std::string path;             // relative to the root; "" is the root
  std::string names;            // of all entries as the system lists them, NUL between them
  std::string kinds;            // a Kind for each
  std::vector<FileStat> stats;  // of the files and links among them, in that order
  std::vector<Digest> digests;  // the same
  Digest tree;
  uint64_t size = 0;   // bytes below
  uint64_t files = 0;  // files and links below
};

class StatCache {
 public:
  /// Empty when there is no usable cache.
  static StatCache Load(const std::string& path);
  /// "<cache folder>/<name for this root>"; the root is absolute and free of links.
  static std::string PathFor(const std::string& cache_folder, const std::string& root);

  /// Digest of the ignore file's text that it was made with; zero when empty.
  const Digest& rules() const { return rules_; }
  size_t size() const { return folders_.size(); }
  /// Null when it is not in the cache. Valid as long as the cache.
  const FolderState* Find(std::string_view path) const;

 private:
  bool Parse(std::string_view bytes);

  Digest rules_;
  std::vector<FolderState> folders_;
  std::unordered_map<std::string_view, size_t> by_path_;
};

/// Writes a cache file piece by piece. Failures are no errors: the next snapshot takes longer.
class StatCacheWriter {
 public:
  StatCacheWriter(const Digest& rules, size_t folders);
  void Add(const FolderState& folder);
  /// Replaces the file at `path`, by rename.
  void Store(const std::string& path) const;

 private:
  std::string body_;
};

}  // namespace rw::cas
