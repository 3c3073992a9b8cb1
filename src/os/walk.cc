#include "os/walk.h"

#include "os/paths.h"

namespace rw::os {
namespace {

Status WalkBelow(FileSystem& fs, const std::string& folder, const std::string& prefix,
                 const Visit& visit) {
  for (const auto& [name, info] : TRY(fs.ListWithInfo(folder))) {
    std::string path = prefix + name;
    bool below = TRY(visit(path, info));
    if (below && info.type == FileType::kDirectory)
      TRY(WalkBelow(fs, JoinPath(folder, name), path + "/", visit));
  }
  return Ok();
}

}  // namespace

Status Walk(FileSystem& fs, const std::string& folder, const Visit& visit) {
  return WalkBelow(fs, folder, "", visit);
}

}  // namespace rw::os
