// Files copied with their hash.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cas/materialise.h"
#include "os/file_system.h"

namespace rw::keep {

struct Copied {
  std::string sha256;  // of what was written
  uint64_t bytes = 0;
};

class FileCopier {
 public:
  explicit FileCopier(os::FileSystem& fs) : fs_(fs), cloner_(cas::ReflinkCloner()) {}

  /// The first `most` bytes of `from` as `to` (mode 0600, folders made 0700), beside it first and
  /// renamed when whole; as a reflink where the file system has them. Not synced. `expected`:
  /// kCorrupt, and no `to`, where the hash is another.
  Result<Copied> Copy(const std::string& from, const std::string& to, uint64_t most = UINT64_MAX,
                      const std::string& expected = {});
  /// Of the first `most` bytes; nothing is kept.
  Result<Copied> Hash(const std::string& path, uint64_t most = UINT64_MAX);

 private:
  Result<Copied> Stream(os::File& from, os::File* to, uint64_t most);
  os::FileSystem& fs_;
  std::unique_ptr<cas::FileCloner> cloner_;
};

}  // namespace rw::keep
