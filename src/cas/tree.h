// One folder of a snapshot as bytes (docs/dev/formats/snapshot.md). The same entries always give
// the same bytes, so equal folders have equal digests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cas/digest.h"

namespace rw::cas {

enum class EntryMode : uint32_t {
  kFile = 0100644,
  kExecutable = 0100755,
  kLink = 0120000,
  kFolder = 0040000,
};

/// "100644", "040000", …
std::string_view ModeText(EntryMode mode);

struct TreeEntry {
  EntryMode mode = EntryMode::kFile;
  Digest digest;      // of the file's bytes, the link's target, or the folder's tree
  uint64_t size = 0;  // in bytes; of a folder the sum of the sizes below
  std::string name;
  bool operator==(const TreeEntry&) const = default;
};

/// Entries sorted by the bytes of their names, each name once.
using Tree = std::vector<TreeEntry>;

/// Deepest nesting of folders and longest path, both in what is built and in what is read.
inline constexpr size_t kMaxTreeDepth = 256;
inline constexpr size_t kMaxPathBytes = 4096;
/// Largest tree (one folder of some 400,000 files) and most entries of a whole snapshot.
inline constexpr uint64_t kMaxTreeBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaxSnapshotEntries = 4'000'000;

/// kInvalidArgument unless the name can stand in a tree: valid UTF-8 of 1 to 255 bytes, without
/// '/', NUL and other control characters, and neither "." nor "..".
Status CheckEntryName(std::string_view name);

/// `tree` is sorted and valid (our own; CHECKed).
std::string EncodeTree(const Tree& tree);
/// Bytes from anywhere: kInvalidArgument, naming the entry and what is wrong, for anything that
/// EncodeTree would not have written (unsorted or repeated names, names that lead out, unknown
/// modes, overlong numbers).
Result<Tree> DecodeTree(std::string_view bytes);
/// Sum of the entries' sizes.
uint64_t TreeSize(const Tree& tree);

}  // namespace rw::cas
