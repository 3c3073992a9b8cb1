// A stored snapshot as a folder of its own bytes: copies or reflinks, never hard links into the
// store.
#pragma once

#include <functional>
#include <string>

#include "cas/blob_store.h"
#include "os/file_system.h"

namespace rw::cas {

/// Makes a file that shares its blocks with another until one is written to.
class FileCloner {
 public:
  virtual ~FileCloner() = default;
  /// Makes `to`, which does not exist. False, with nothing made, where the file system cannot.
  virtual bool Clone(const std::string& from, const std::string& to, uint32_t permissions) = 0;
};

/// FICLONE of Linux (XFS, btrfs, bcachefs). Remembers that a file system cannot, so that asking is
/// cheap.
std::unique_ptr<FileCloner> ReflinkCloner();

struct MaterialiseCounts {
  uint64_t files = 0;  // files and links made
  uint64_t bytes = 0;
};

struct MaterialiseOptions {
  /// After every file; false ends it with kCanceled. May be empty.
  std::function<bool(const MaterialiseCounts&)> progress;
  /// Tried for blobs of 1 MiB and more where both are set; `blob_path` gives the file of a blob.
  FileCloner* cloner = nullptr;
  std::function<std::string(const Digest&)> blob_path;
};

/// Makes the tree `root` in `folder`, which must be absent or empty (kFailedPrecondition else;
/// after an error or a crash the caller removes it and begins anew). Every blob is verified while
/// it is copied (kCorrupt names the blob and the path). Nothing is written through a symbolic link:
/// files are made O_EXCL in folders made here, links come last. Modes are 0644 and 0755 under the
/// process's umask. Not synced.
Result<MaterialiseCounts> Materialise(BlobStore& store, const Digest& root, os::FileSystem& fs,
                                      const std::string& folder,
                                      const MaterialiseOptions& options = {});

/// One blob as a file of its own at `path`, which does not exist; its folder does. Verified while
/// it is copied. Not synced.
Status CopyBlob(BlobStore& store, const Digest& digest, os::FileSystem& fs, const std::string& path,
                uint32_t permissions = 0644);

}  // namespace rw::cas
