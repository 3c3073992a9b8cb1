// Brings a snapshot to a server by sending what it lacks and nothing else. How bytes travel is the
// sink's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cas/snapshot_builder.h"

namespace rw::cas {

/// The server's routes as calls.
class UploadSink {
 public:
  virtual ~UploadSink() = default;
  /// POST /api/v1/blobs/missing
  virtual Result<std::vector<Digest>> FindMissing(const std::vector<Digest>& digests) = 0;
  /// POST /api/v1/blobs/pack
  virtual Status PutPack(std::string pack) = 0;
  /// PUT /api/v1/blobs/{digest}: the first `size` bytes of the file.
  virtual Status PutFile(const Digest& digest, const std::string& path, uint64_t size) = 0;
  /// POST /api/v1/snapshots: empty when it is stored (201), the missing digests on 412.
  virtual Result<std::vector<Digest>> Commit(const Digest& id) = 0;
};

struct UploadProgress {
  uint64_t sent_bytes = 0;
  uint64_t total_bytes = 0;  // of what the server lacks
};

/// One request when the server has the snapshot. kConflict names a file that changed since it was
/// hashed: build the snapshot again.
Status UploadSnapshot(const Snapshot& snapshot, UploadSink& sink,
                      const std::function<void(const UploadProgress&)>& progress = {});

}  // namespace rw::cas
