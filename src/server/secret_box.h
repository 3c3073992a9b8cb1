// The key that secrets at rest are sealed with: <data>/secrets.key, hex, mode 0600.
#pragma once

#include <mutex>
#include <string>

#include "base/random.h"
#include "base/seal.h"
#include "os/file_system.h"

namespace rw::server {

/// What a sealed value is bound to. Names are equal without regard to case.
std::string SecretPlace(const std::string& workspace_id, const std::string& name);

/// Thread-safe; reads and writes the key file, so from the pool.
class SecretBox {
 public:
  SecretBox(os::FileSystem& fs, Random& random, std::string key_file)
      : fs_(fs), random_(random), key_file_(std::move(key_file)) {}

  /// `may_make_key`: no secret is stored yet, so a missing key file is no loss and one is made.
  /// kCorrupt names the file where it is missing or damaged.
  Result<std::string> Close(std::string_view about, std::string_view plain, bool may_make_key);
  Result<std::string> Open(std::string_view about, std::string_view sealed);

 private:
  Result<std::string> Key(bool may_make);
  Result<std::string> MakeKey();
  os::FileSystem& fs_;
  Random& random_;
  const std::string key_file_;
  std::mutex mutex_;
  std::string key_;
};

}  // namespace rw::server
