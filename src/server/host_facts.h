// What a server knows of the machine that it runs on.
#pragma once

#include <cstdint>
#include <string>

#include "server/server_context.h"

namespace rw::server {

/// Of this process, and of the disk of the folder `data`.
HostFacts HostFactsOf(const std::string& data);
/// Of the disk that `path` is on, or would be; 0 where nobody knows.
uint64_t FreeBytes(std::string path);

}  // namespace rw::server
