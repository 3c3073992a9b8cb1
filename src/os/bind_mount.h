// The option of podman and docker that shows a folder or file of the node in a container.
#pragma once

#include <string>

namespace rw::os {

/// "--mount=type=bind,src=…,dst=…[,readonly]"; both paths absolute, of any characters.
std::string BindMountOption(const std::string& from, const std::string& to, bool read_only);

}  // namespace rw::os
