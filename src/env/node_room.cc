#include "env/node_room.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "env/build_folder.h"
#include "env/bytecode.h"
#include "env/shared_builds.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

using os::PosixFileSystem;
constexpr int64_t kUnusedNs = int64_t{30} * 86'400 * 1'000'000'000;
constexpr int64_t kFreshNs = int64_t{3600} * 1'000'000'000;
/// What a small file takes beyond its bytes.
constexpr uint64_t kFileBytes = 4096;

struct Known {
  std::string build;
  int64_t used_ns = 0;
};

std::vector<os::DirEntry> List(const std::string& folder) {
  return PosixFileSystem().List(folder).value_or(std::vector<os::DirEntry>());
}

/// Those that were not used for the longest time first.
std::vector<Known> KnownBuilds(const std::string& root, const std::string& keep) {
  std::vector<Known> out;
  for (const os::DirEntry& entry : List(root + "/builds")) {
    if (entry.name.starts_with(".") || entry.name == keep) continue;
    Known one{root + "/builds/" + entry.name, 0};
    auto used = PosixFileSystem().Stat(BuildLockPath(one.build));
    if (used) one.used_ns = used->mtime_ns;
    out.push_back(std::move(one));
  }
  std::sort(out.begin(), out.end(),
            [](const Known& a, const Known& b) { return a.used_ns < b.used_ns; });
  return out;
}

bool HasRoom(const std::string& root, uint64_t needed, uint64_t* free) {
  struct statvfs disk {};
  if (statvfs(root.c_str(), &disk) != 0) return true;  // writing says more
  *free = uint64_t{disk.f_bavail} * disk.f_frsize;
  uint64_t spare = uint64_t{disk.f_blocks} * disk.f_frsize / 20;
  return *free >= needed && *free - needed >= spare;
}

void Remove(const std::string& build) {
  auto fetching = os::FileLock::Try(BuildLockPath(build));
  if (!fetching) return;
  // The supervisor of each run that uses it holds its folder.
  auto users = os::FolderLock::Try(build);
  if (!users) return;
  std::string aside = os::DirName(build) + "/.part-retired-" + os::BaseName(build);
  if (!PosixFileSystem().Rename(build, aside)) return;
  (void)PosixFileSystem().Rename(BytecodeFolder(build), aside + "/bytecode");
  RemoveLeftovers({aside});
}

/// Each build's interpreter is a link into it.
void RemoveUnusedPythons(const std::string& root) {
  std::vector<std::string> used;
  for (const os::DirEntry& entry : List(root + "/builds"))
    used.push_back(
        PosixFileSystem().ReadLink(root + "/builds/" + entry.name + "/bin/python").value_or(""));
  for (const os::DirEntry& entry : List(root + "/python")) {
    std::string folder = root + "/python/" + entry.name;
    bool needed = entry.name.starts_with(".") ||
                  std::any_of(used.begin(), used.end(), [&](const std::string& link) {
                    return link.starts_with(folder + "/");
                  });
    auto fetching = os::FileLock::Try(root + "/locks/" + entry.name);
    if (needed || !fetching) continue;
    Status removed = PosixFileSystem().RemoveTree(folder);
    LOG_INFO("env.python_removed", {"folder", folder}, {"ok", removed.has_value()});
  }
}

}  // namespace

Status MakeRoomForBuild(const std::string& root, const std::string& keep, uint64_t bytes,
                        uint64_t files) {
  const uint64_t needed = bytes + files * kFileBytes;
  const int64_t now = SystemClock().WallMicros() * 1000;
  uint64_t free = 0;
  bool removed = false;
  for (const Known& one : KnownBuilds(root, keep)) {
    bool old = now - one.used_ns > kUnusedNs;
    bool fresh = now - one.used_ns < kFreshNs;
    if (!old && (fresh || HasRoom(root, needed, &free))) break;
    Remove(one.build);
    removed = true;
  }
  if (removed) RemoveUnusedPythons(root);
  if (HasRoom(root, needed, &free) || free >= needed) return Ok();
  return Error(Code::kNoSpace, "build " + keep.substr(0, 12) + " takes " + HumanBytes(needed) +
                                   " and " + root + " has " + HumanBytes(free) +
                                   " left. Free space on this node");
}

}  // namespace rw::env
