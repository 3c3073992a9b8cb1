// What the server itself remembers: the address of its last start and the like.
#pragma once

#include <string>

#include "db/connection.h"

namespace rw::meta {

/// Folder of builds that servers share; empty: <data>/env.
constexpr const char* kEnvRootSetting = "env_root";

/// "" where it was never put.
Result<std::string> GetSetting(db::Connection& db, const std::string& key);
Status PutSetting(db::Connection& db, const std::string& key, const std::string& value);

}  // namespace rw::meta
