// Whether processes of this user may have a view of the file system of their own.
#pragma once

namespace rw::os {

/// True where a mount namespace can be entered, as root or by a user namespace. Tried once, in a
/// child (about a millisecond), then known. Thread-safe.
bool MountNamespacesWork();

}  // namespace rw::os
