#include "server/model_files.h"

#include "os/paths.h"

namespace rw::server {

Result<std::vector<meta::ModelFile>> SelectModelFiles(const std::vector<meta::Artifact>& files,
                                                      const std::string& model_path) {
  std::string path = TRY(os::CleanRelativePath(model_path, "model_path"));
  std::string base = os::BaseName(path);
  std::vector<meta::ModelFile> out;
  for (const meta::Artifact& file : files) {
    if (file.live()) continue;
    if (file.name == path) return std::vector<meta::ModelFile>{{base, file.digest, file.size}};
    if (file.name.compare(0, path.size() + 1, path + "/") == 0)
      out.push_back({base + file.name.substr(path.size()), file.digest, file.size});
  }
  return out;
}

}  // namespace rw::server
