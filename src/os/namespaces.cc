#include "os/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace rw::os {
namespace {

bool Put(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = write(fd, text, strlen(text)) == static_cast<ssize_t>(strlen(text));
  close(fd);
  return written;
}

/// In the child of a process with threads: system calls alone, no allocation.
bool Enter(const char* uid_map, const char* gid_map) {
  if (unshare(CLONE_NEWNS) != 0 &&
      (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !Put("/proc/self/setgroups", "deny") ||
       !Put("/proc/self/uid_map", uid_map) || !Put("/proc/self/gid_map", gid_map)))
    return false;
  return mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
}

/// The exit status of a child that ends with `enter`; system calls alone.
template <class F>
bool InChild(F enter) {
  pid_t child = fork();
  if (child == 0) _exit(enter() ? 0 : 1);
  if (child < 0) return false;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Try() {
  char uid_map[64];
  char gid_map[64];
  std::snprintf(uid_map, sizeof uid_map, "%u %u 1", geteuid(), geteuid());
  std::snprintf(gid_map, sizeof gid_map, "%u %u 1", getegid(), getegid());
  return InChild([&] { return Enter(uid_map, gid_map); });
}

}  // namespace

bool ImageMounts(const std::string& image, const std::string& folder, const std::string& upper,
                 const std::string& work) {
  // In a user namespace no kernel mounts images.
  if (geteuid() != 0) return false;
  const std::string layers = "lowerdir=" + folder + ",upperdir=" + upper + ",workdir=" + work;
  return InChild([&] {
    return unshare(CLONE_NEWNS) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 &&
           mount(image.c_str(), folder.c_str(), "erofs", MS_RDONLY | MS_NODEV | MS_NOSUID,
                 nullptr) == 0 &&
           mount("overlay", folder.c_str(), "overlay", MS_NODEV, layers.c_str()) == 0;
  });
}

bool MountNamespacesWork() {
  static const bool works = Try();
  return works;
}

}  // namespace rw::os
