// Answers with the bytes of a blob or of a growing file.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "cas/folder_blob_store.h"
#include "os/file_system.h"
#include "server/call.h"

namespace rw::server {

struct ServerContext;

/// Which blobs were verified since the server started. A large blob is read through once before its
/// first download and then sent straight from its file, as long as the file is the same.
/// Thread-safe.
class VerifiedBlobs {
 public:
  VerifiedBlobs(os::FileSystem& fs, cas::FolderBlobStore& store) : fs_(fs), store_(store) {}
  /// Blocks on the disk. The blob's size; kNotFound, kCorrupt.
  Result<uint64_t> Check(const cas::Digest& digest);

 private:
  struct Seen {
    int64_t mtime_ns, ctime_ns;
    uint64_t inode, size;
    bool operator==(const Seen&) const = default;
  };
  Result<Seen> Look(const cas::Digest& digest);
  os::FileSystem& fs_;
  cas::FolderBlobStore& store_;
  std::mutex mutex_;
  std::map<cas::Digest, Seen> seen_;
};

/// 200 or 206 with the blob's verified bytes; Range is honoured, X-Runwright-Digest names the
/// digest. `name` decides the content type: text is shown, everything else is only ever downloaded.
void AnswerBlob(ServerContext& context, CallPtr call, const cas::Digest& digest,
                const std::string& name);

/// The first `size` bytes of a file that grows (a live log), Range included.
void AnswerFile(CallPtr call, const std::string& path, uint64_t size, const std::string& name);

/// Stores a request's body under its digest, durably; a spooled file is moved, not copied. Blocks
/// on the disk. kInvalidArgument when the bytes do not hash to it.
Status StoreBody(ServerContext& context, const net::Body& body, const cas::Digest& digest);

/// `digest` as it came from outside or from our own tables.
Result<cas::Digest> ParseDigest(const std::string& hex, std::string_view field);

}  // namespace rw::server
