// A folder as one file that the kernel can mount read-only: one file to send and write in place of
// thousands.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace rw::cas {

/// Blocking. Makes `file`, which does not exist: an image of EROFS without compression (Linux 5.4
/// and later; mounted straight from a file since 6.12). Owned by root; modes within 0755, times of
/// files as they are. `skip` leaves a path out with what is below; may be empty. Not synced.
Status WriteImage(const std::string& folder, const std::string& file,
                  const std::function<bool(const std::string& path)>& skip);

}  // namespace rw::cas
