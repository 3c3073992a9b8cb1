#include "server/host_facts.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::server {

HostFacts HostFactsOf(const std::string& data) {
  HostFacts facts;
  auto pages = os::ReadFile(os::PosixFileSystem(), "/proc/self/statm", 256);
  std::vector<std::string> words = Split(pages.value_or(""), ' ');
  auto resident = words.size() > 1 ? ParseInt(words[1]) : std::nullopt;
  facts.resident_bytes =
      static_cast<uint64_t>(resident.value_or(0)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  struct statvfs disk {};
  if (statvfs(data.c_str(), &disk) != 0) return facts;
  facts.disk_free_bytes = uint64_t{disk.f_bavail} * disk.f_frsize;
  facts.disk_size_bytes = uint64_t{disk.f_blocks} * disk.f_frsize;
  return facts;
}

uint64_t FreeBytes(std::string path) {
  struct statvfs disk {};
  while (statvfs(path.c_str(), &disk) != 0) {
    if (path.size() <= 1) return 0;
    path = os::DirName(path);
  }
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

}  // namespace rw::server
