// A pack that is there (docs/dev/formats/packed-build.md).
#pragma once

#include <string>
#include <string_view>

#include "cas/packed_tree.h"

namespace rw::cas {

/// Ends the file, after the index's size in 20 digits.
inline constexpr std::string_view kPackTrailer = " runwright-pack 1\n";

/// What a reader needs before it asks for parts. The file's first content_bytes are the contents,
/// then comes the index.
struct PackFacts {
  Digest digest;  // of the index
  uint64_t index_bytes = 0;
  uint64_t content_bytes = 0;
  uint64_t files = 0;
};

/// Of a pack that is there; reads its index, not its contents. kCorrupt for what is no pack.
Result<PackFacts> ReadPackFacts(const std::string& file);

/// Reads all of it. kCorrupt names the first file whose bytes are others than the index says.
Status VerifyPack(const std::string& file);

}  // namespace rw::cas
