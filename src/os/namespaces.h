// Whether processes of this user may have a view of the file system of their own.
#pragma once

#include <string>

namespace rw::os {

/// True where a mount namespace can be entered, as root or by a user namespace. Tried once, in a
/// child (about a millisecond), then known. Thread-safe.
bool MountNamespacesWork();

/// True where this user's processes can mount an image, a file, at `folder` in a namespace of their
/// own, with an overlay of `upper` and `work` over it (all of them folders that are there). Tried
/// in a child.
bool ImageMounts(const std::string& image, const std::string& folder, const std::string& upper,
                 const std::string& work);

}  // namespace rw::os
