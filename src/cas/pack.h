// Many small blobs in one body: `<64 hex digits> SP <size in decimal> LF <bytes>`, one after
// another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cas/blob_store.h"

namespace rw::cas {

/// By convention of clients; a server accepts somewhat more.
inline constexpr uint64_t kPackBytes = uint64_t{16} << 20;
inline constexpr size_t kPackBlobs = 2000;

void AppendToPack(const Digest& digest, std::string_view bytes, std::string* pack);
/// Views into `pack`. kInvalidArgument names the offset of what is wrong; digests are not compared
/// with bytes here (BlobStore::PutMany does).
Result<std::vector<BlobView>> ParsePack(std::string_view pack);

}  // namespace rw::cas
