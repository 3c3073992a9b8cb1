#include "os/mounts.h"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>

#include "base/strings.h"
#include "os/file_system.h"

namespace rw::os {
namespace {

constexpr int64_t kFuse = 0x65735546;
struct Kind {
  int64_t magic;
  std::string_view name;
};
constexpr Kind kNetwork[] = {{0x6969, "nfs"},         {0x517B, "smb"},        {0xFF534D42, "cifs"},
                             {0xFE534D42, "smb2"},    {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"},
                             {0x00C36400, "ceph"},    {0x5346414F, "afs"},    {0x6B414653, "afs"},
                             {0x73757245, "coda"},    {0x564C, "ncp"},        {0x01021997, "9p"},
                             {0xAAD7AAEA, "panfs"},   {0x19830326, "beegfs"}, {0x013111A8, "ibrix"},
                             {0x20030528, "orangefs"}};
// FUSE file systems over a disk of this machine; all others may have anything behind them.
constexpr std::array<std::string_view, 5> kLocalFuse = {
    "fuseblk", "fuse.fuse-overlayfs", "fuse.bindfs", "fuse.gocryptfs", "fuse.lxcfs"};

/// A line is: id, parent, major:minor, root, mount point, options, optional fields, "-", type, …
std::string MountType(std::string_view mounts, const std::string& device) {
  for (const std::string& line : Split(mounts, '\n')) {
    auto words = Split(line, ' ');
    if (words.size() < 5 || words[2] != device) continue;
    for (size_t i = 5; i + 1 < words.size(); i++)
      if (words[i] == "-") return words[i + 1];
  }
  return "fuse";
}

}  // namespace

std::string NetworkFileSystem(int64_t magic, std::string_view mount_type) {
  // f_type is signed on some machines: compare what it means.
  int64_t type = magic & 0xFFFFFFFF;
  for (const Kind& kind : kNetwork)
    if (type == kind.magic) return std::string(kind.name);
  if (type != kFuse) return {};
  for (std::string_view local : kLocalFuse)
    if (mount_type == local) return {};
  return std::string(mount_type);
}

Result<std::string> NetworkFileSystemOf(const std::string& path) {
  struct statfs info {};
  if (statfs(path.c_str(), &info) != 0) return ErrnoError(errno, "statfs " + path);
  if ((static_cast<int64_t>(info.f_type) & 0xFFFFFFFF) != kFuse)
    return NetworkFileSystem(info.f_type, "");
  struct stat st {};
  if (stat(path.c_str(), &st) != 0) return ErrnoError(errno, "stat " + path);
  auto mounts = ReadFile(PosixFileSystem(), "/proc/self/mountinfo");
  std::string device = std::to_string(major(st.st_dev)) + ":" + std::to_string(minor(st.st_dev));
  return NetworkFileSystem(info.f_type, MountType(mounts.value_or(""), device));
}

}  // namespace rw::os
