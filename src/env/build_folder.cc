#include "env/build_folder.h"

#include "base/log.h"
#include "env/build_manifest.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {
using os::PosixFileSystem;
constexpr std::string_view kPartPrefix = ".part-";
constexpr std::string_view kRetiredPrefix = ".part-retired-";
constexpr const char* kPartLock = "/lock";

/// bin and each lib/pythonX.Y/site-packages.
std::vector<std::string> SharedFolders(const std::string& build) {
  std::vector<std::string> out = {build + "/bin"};
  auto entries = PosixFileSystem().List(build + "/lib");
  if (!entries) return out;
  for (const os::DirEntry& entry : *entries) {
    std::string packages = build + "/lib/" + entry.name + "/site-packages";
    if (os::Exists(PosixFileSystem(), packages)) out.push_back(packages);
  }
  return out;
}
}  // namespace

Result<uint64_t> PublishBuild(const std::string& made, const std::string& published) {
  os::FileSystem& fs = PosixFileSystem();
  uint64_t bytes = TRY(WriteManifest(fs, made));
  for (const std::string& folder : SharedFolders(made)) {
    // Byte code of top-level modules still finds its place.
    if (folder.ends_with("site-packages")) TRY(fs.MakeDirs(folder + "/__pycache__"));
    TRY(fs.SetMode(folder, 0555));
  }
  if (os::Exists(fs, published)) TRY(RemoveBuild(published));
  TRY(fs.Rename(made, published));
  TRY(RemoveChangedMark(fs, published));
  return bytes;
}

std::string NewPart(const std::string& builds_folder, Random& random) {
  return builds_folder + "/" + std::string(kPartPrefix) + random.Hex(8);
}

Result<os::FileLock> HoldPart(const std::string& part) {
  TRY(PosixFileSystem().MakeDirs(part, 0700));
  return os::FileLock::Try(part + kPartLock);
}

std::vector<std::string> Leftovers(const std::string& builds_folder, bool alone) {
  std::vector<std::string> out;
  auto entries = PosixFileSystem().List(builds_folder);
  if (!entries) return out;
  for (const os::DirEntry& entry : *entries) {
    if (!entry.name.starts_with(kPartPrefix)) continue;
    std::string part = os::JoinPath(builds_folder, entry.name);
    bool has_lock = os::Exists(PosixFileSystem(), part + kPartLock);
    // A retired build is on its way out, whoever moved it there.
    bool left = has_lock ? os::FileLock::Try(part + kPartLock).has_value()
                         : alone || entry.name.starts_with(kRetiredPrefix);
    if (left) out.push_back(std::move(part));
  }
  return out;
}

void RemoveLeftovers(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    Status removed = RemoveBuild(folder);
    LOG_INFO("env.leftover_removed", {"folder", folder}, {"ok", removed.has_value()});
  }
}

Status RemoveBuild(const std::string& path) {
  for (const std::string& build : {path, path + "/environment"})
    for (const std::string& folder : SharedFolders(build))
      (void)PosixFileSystem().SetMode(folder, 0755);
  return PosixFileSystem().RemoveTree(path);
}

}  // namespace rw::env
