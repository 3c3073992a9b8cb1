// One profile file's JSON, read strictly.
#pragma once

#include <string_view>

#include "base/result.h"
#include "env/profile.h"
#include "json/value.h"

namespace rw::env {

/// Each takes the whole file and adds to `out` at the end. kInvalidArgument names the member
/// ("packages[2].versions"), a member that is unknown too.
Status ReadFrameworkProfile(const json::Value& file, Profiles& out);
Status ReadPackageRules(const json::Value& file, Profiles& out);
Status ReadImageMap(const json::Value& file, Profiles& out);
Status ReadShimRules(const json::Value& file, Profiles& out);
Status ReadCurated(const json::Value& file, Profiles& out);

}  // namespace rw::env
