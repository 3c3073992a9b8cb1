// A folder as one stream of bytes with an index (docs/dev/formats/packed-build.md): files lie one
// after another, so that any part of it can be fetched, verified and written by itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cas/digest.h"

namespace rw::cas {

/// Bytes with a digest of their own: what is fetched at once and held in memory.
inline constexpr uint64_t kPieceBytes = uint64_t{1} << 20;
/// Largest index that is read.
inline constexpr uint64_t kMaxIndexBytes = uint64_t{256} << 20;

struct PackedEntry {
  enum class Kind : char {
    kFolder = 'd',
    kFile = 'f',
    kMovedFile = 'm',  // at most a piece; holds paths that are replaced where it is unpacked
    kLink = 'l',       // relative, stays inside
    kMovedLink = 'o',  // absolute: below a moved folder, or one that the reader allows
  };
  Kind kind = Kind::kFile;
  uint32_t mode = 0644;         // of files and folders, within 0755
  uint64_t size = 0;            // of files
  int64_t mtime_ns = 0;         // of files
  std::vector<Digest> digests;  // of a file's pieces, kPieceBytes each but the last; one of an
                                // empty file
  uint64_t offset = 0;          // of a file's bytes in the pack; not written
  std::string path;
  std::string target;  // of links
};

/// The index: what a pack holds, in order, and what its reader has to know of it.
struct PackedTree {
  std::map<std::string, std::string> notes;
  std::vector<PackedEntry>
      entries;                 // sorted by path, each once; a folder stands before what it has
  uint64_t content_bytes = 0;  // sum of the files' sizes
};

/// The digest of these bytes names the pack. Offsets are not looked at.
std::string EncodeIndex(const PackedTree& tree);
/// Bytes from anywhere: kInvalidArgument, naming the entry and what is wrong, for anything that
/// EncodeIndex would not have written: paths and links that lead out, repeated or unsorted names,
/// files below links, sizes that do not add up.
Result<PackedTree> DecodeIndex(std::string_view bytes);

/// The link's target, from the folder of `path`, stays inside of the tree whatever links it passes.
bool StaysInside(std::string_view path, std::string_view target);

}  // namespace rw::cas
