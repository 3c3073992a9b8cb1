#include "server/program_places.h"

#include "os/file_system.h"
#include "os/paths.h"

namespace rw::server {

std::string FindSdk(const std::string& program) {
  std::string folder = os::DirName(program);
  for (int i = 0; i < 6 && folder != "/"; i++) {
    std::string python = os::JoinPath(folder, "python");
    if (os::Exists(os::PosixFileSystem(), python + "/runwright/__init__.py")) return python;
    folder = os::DirName(folder);
  }
  return {};
}

std::string FindProfiles(const std::string& sdk) {
  return sdk.empty() ? std::string() : os::JoinPath(os::DirName(sdk), "profiles");
}

std::string FindShim(const std::string& program) {
  std::string folder = os::DirName(program);
  for (const char* place : {"/runwright-shim", "/../../src/shim/runwright-shim"})
    if (os::Exists(os::PosixFileSystem(), folder + place)) return folder + place;
  return folder + "/runwright-shim";
}

}  // namespace rw::server
