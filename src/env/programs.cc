#include "env/programs.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/strings.h"
#include "os/paths.h"

namespace rw::env {

bool IsProgram(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

std::string FindProgram(const Variables& variables, const std::string& first,
                        const std::string& name) {
  std::vector<std::string> folders = Split(Get(variables, "PATH"), ':');
  folders.insert(folders.begin(), first);
  for (const std::string& folder : folders) {
    std::string path = os::JoinPath(folder, name);
    if (folder.starts_with('/') && IsProgram(path)) return path;
  }
  return {};
}

}  // namespace rw::env
