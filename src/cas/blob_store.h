// Bytes by their SHA-256. Decorators wrap the interface (verifying, faulty, …); blobs never change.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cas/digest.h"

namespace rw::cas {

/// Reads one blob from its begin to its end. Not thread-safe.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual uint64_t size() const = 0;
  /// Bytes read; fewer than asked only at the end. kCorrupt, naming the blob, when the bytes are
  /// not the blob's: it comes in place of the last bytes, so nothing read may be relied on before
  /// all size() bytes came.
  virtual Result<size_t> Read(std::span<char> out) = 0;
};

struct BlobView {
  Digest digest;
  std::string_view bytes;
};

/// Thread-safe. Calls block on the disk: from a worker thread, not from a loop, except for Size and
/// small counts of FindMissing.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  /// kNotFound, naming the blob, when it is not there. The reader verifies.
  virtual Result<std::unique_ptr<BlobReader>> Open(const Digest& digest) = 0;
  /// Durable when it returns. Idempotent; kInvalidArgument when the bytes do not hash to the
  /// digest. On an error nothing was stored under that digest.
  virtual Status Put(const Digest& digest, std::string_view bytes) = 0;
  /// The same for a file on the same file system as the store, which the store takes over by
  /// renaming it. It is read once for its hash, in pieces. On an error the file is where it was.
  virtual Status PutFile(const Digest& digest, const std::string& path) = 0;
  /// Many small blobs with one wait for the disk. All digests are checked before anything is
  /// written. Durable when it returns; on a later error some may have been stored, each of them
  /// whole.
  virtual Status PutMany(std::span<const BlobView> blobs) = 0;
  /// Those of `digests` that are not there for good (being written counts as missing), in order,
  /// without repeats.
  virtual Result<std::vector<Digest>> FindMissing(std::span<const Digest> digests) = 0;
  /// kNotFound when it is not there.
  virtual Result<uint64_t> Size(const Digest& digest) = 0;
  /// Idempotent.
  virtual Status Remove(const Digest& digest) = 0;
};

/// For stores: compares the digest when the end is reached.
std::unique_ptr<BlobReader> VerifyingReader(std::unique_ptr<BlobReader> reader,
                                            const Digest& digest);

/// The whole blob, verified; kTooLarge above `most`.
Result<std::string> ReadBlob(BlobStore& store, const Digest& digest,
                             uint64_t most = uint64_t{64} << 20);
/// Reads it through, keeping nothing: kCorrupt or kNotFound.
Status VerifyBlob(BlobStore& store, const Digest& digest);

}  // namespace rw::cas
