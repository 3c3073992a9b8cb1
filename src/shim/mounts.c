#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shim.h"

// In a folder that was fetched as an image (docs/dev/formats/packed-build.md).
static const char kImageName[] = ".runwright-image";

static bool WriteMap(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  int saved = errno;
  close(fd);
  errno = saved;
  return written;
}

// As itself, so that the script sees its own user; a namespace without its maps would be nobody's.
static bool MapSelf(uid_t uid, gid_t gid) {
  char text[64];
  if (!WriteMap("/proc/self/setgroups", "deny")) return false;
  snprintf(text, sizeof text, "%u %u 1", uid, uid);
  if (!WriteMap("/proc/self/uid_map", text)) return false;
  snprintf(text, sizeof text, "%u %u 1", gid, gid);
  return WriteMap("/proc/self/gid_map", text);
}

// 0: in a mount namespace of our own, from which nothing gets out. EAGAIN: what we are in now is no
// place for a script.
static int EnterNamespace(bool* of_user) {
  *of_user = unshare(CLONE_NEWNS) != 0;
  if (*of_user) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return errno;
    if (!MapSelf(uid, gid)) return EAGAIN;
  }
  // What the machine mounts later is still seen in here.
  return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 ? 0 : errno;
}

// state/ by its path: a descriptor from outside of the namespace names a mount that is not in here.
static int OpenState(const struct Shim* shim) {
  char link[32];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", shim->state_fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return -1;
  path[size] = '\0';
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int OpenLayer(int state, const char* path) {
  // The upper layer's mode is the one that is seen.
  if (mkdirat(state, path, 0755) != 0 && errno != EEXIST) return -1;
  return openat(state, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool HasImage(const char* folder) {
  char path[4352];
  snprintf(path, sizeof path, "%s/%s", folder, kImageName);
  return access(path, F_OK) == 0;
}

// The files of a folder that was fetched as an image, mounted below the run's own layers; -1 where
// the kernel refuses.
static int OpenImage(int state, const char* folder, const char* place) {
  char image[4352];
  char at[64];
  snprintf(image, sizeof image, "%s/%s", folder, kImageName);
  snprintf(at, sizeof at, "/proc/self/fd/%d/%s", state, place);
  if (mkdirat(state, place, 0700) != 0 && errno != EEXIST) return -1;
  if (mount(image, at, "erofs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL) != 0) return -1;
  // By its name, which now leads into what is mounted there.
  return openat(state, place, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

enum { kMostLower = 4 };

// A folder, and behind it its image; false where one that is there cannot be a layer.
static bool AddLower(int state, const char* folder, const char* place, int* lower, int* count) {
  if (folder == NULL) return false;
  int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  lower[(*count)++] = fd;
  if (!HasImage(folder)) return true;
  fd = OpenImage(state, folder, place);
  if (fd >= 0) lower[(*count)++] = fd;
  return fd >= 0;
}

// Its layers are named by descriptors: no character of a path can be taken for an option.
static bool MountOverlay(int state, const char* folder, const char* bytecode, bool of_user) {
  mkdirat(state, "../overlay", 0700);
  int lower[kMostLower];
  int count = 0;
  AddLower(state, bytecode, "../overlay/bytecode", lower, &count);
  bool whole = AddLower(state, folder, "../overlay/build", lower, &count);
  int why = errno;
  int upper = OpenLayer(state, "../overlay/upper");
  int work = OpenLayer(state, "../overlay/work");
  bool mounted = false;
  if (whole && upper >= 0 && work >= 0) {
    char layers[kMostLower * 32] = "";
    for (int i = 0, size = 0; i < count; i++)
      size += snprintf(layers + size, sizeof layers - (size_t)size, "%s/proc/self/fd/%d",
                       i == 0 ? "" : ":", lower[i]);
    // Replaced folders are marked by attributes: of root, or in a user namespace of the user.
    // Nothing of it has to survive: without "volatile" its end would sync the whole disk. Older
    // kernels know neither.
    const char* const extra[] = {of_user ? ",userxattr,volatile" : ",volatile", ""};
    for (int i = 0; i < 2 && !mounted; i++) {
      char options[320];
      snprintf(options, sizeof options,
               "lowerdir=%s,upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d%s", layers, upper,
               work, extra[i]);
      mounted = mount("overlay", folder, "overlay", MS_NODEV, options) == 0;
    }
  }
  int saved = whole ? errno : why;
  for (int i = 0; i < count; i++) close(lower[i]);
  if (upper >= 0) close(upper);
  if (work >= 0) close(work);
  errno = saved;
  return mounted;
}

static bool MountReadOnly(const char* folder) {
  if (mount(folder, folder, NULL, MS_BIND | MS_REC, NULL) != 0) return false;
  // Flags that the machine's own mount has may not be dropped in a user namespace.
  struct statvfs info;
  unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY;
  if (statvfs(folder, &info) == 0) {
    if (info.f_flag & ST_NOSUID) flags |= MS_NOSUID;
    if (info.f_flag & ST_NODEV) flags |= MS_NODEV;
    if (info.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
    if (info.f_flag & ST_NOATIME) flags |= MS_NOATIME;
    if (info.f_flag & ST_NODIRATIME) flags |= MS_NODIRATIME;
    if (info.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  }
  return mount(NULL, folder, NULL, flags, NULL) == 0;
}

static void AddWrite(const char* folder) {
  struct stat info;
  if (stat(folder, &info) == 0 && (info.st_mode & S_IWUSR) == 0)
    chmod(folder, (info.st_mode & 07777) | S_IWUSR);
}

// A published build has no write permission where packages are installed; in the script's own layer
// it has.
static void Unlock(const char* build) {
  char path[4352];
  snprintf(path, sizeof path, "%s/bin", build);
  AddWrite(path);
  snprintf(path, sizeof path, "%s/lib", build);
  DIR* libraries = opendir(path);
  if (libraries == NULL) return;
  for (struct dirent* entry; (entry = readdir(libraries)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/lib/%s/site-packages", build, entry->d_name);
    AddWrite(path);
  }
  closedir(libraries);
}

static void Note(const struct Shim* shim, const char* how, int error, const char* folder) {
  char line[4352];
  int size = snprintf(line, sizeof line, "%s %d %s\n", how, error, folder);
  int fd = openat(shim->state_fd, "protection", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  // Not whole: it then reads as a folder that nobody asked for.
  if (write(fd, line, (size_t)size) != size) Log("protection.record_failed", errno, 0);
  close(fd);
}

// An overlay over a folder that scripts may change for themselves; else read-only. An error where
// the folder is nothing without its image.
static int ProtectOne(const struct Shim* shim, const char* folder, const char* bytecode, int state,
                      bool of_user) {
  if (MountOverlay(state, folder, bytecode, of_user)) {
    if (geteuid() != 0) Unlock(folder);
    Note(shim, "overlay", 0, folder);
    return 0;
  }
  int why = errno;
  if (HasImage(folder)) return why == EAGAIN ? EIO : why;
  Note(shim, MountReadOnly(folder) ? "read-only" : "none", why, folder);
  return 0;
}

int ProtectFolders(const struct Shim* shim, const char* build, const char* bytecode,
                   char* const* read_only) {
  if (build == NULL) return 0;
  bool of_user = false;
  int error = shim->namespace_refused;
  if (error == 0) {
    error = EnterNamespace(&of_user);
    if (error == EAGAIN) return EAGAIN;
  }
  if (error != 0) {
    Note(shim, "none", error, build);
    return HasImage(build) ? EPERM : 0;
  }
  int state = OpenState(shim);
  error = ProtectOne(shim, build, bytecode, state, of_user);
  if (state >= 0) close(state);
  if (error != 0) return error;
  for (int i = 0; read_only[i] != NULL; i++) {
    if (access(read_only[i], F_OK) != 0 || MountReadOnly(read_only[i])) continue;
    Note(shim, "none", errno, read_only[i]);
  }
  return 0;
}

static bool unread;

static int RemoveOne(const char* path, const struct stat* info, int kind, struct FTW* place) {
  (void)info;
  (void)place;
  if (kind == FTW_DNR) unread = chmod(path, 0700) == 0;
  remove(path);
  return 0;
}

void RemoveLayers(const struct Shim* shim) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d/../overlay", shim->state_fd);
  unread = access(path, F_OK) == 0;
  // Again where folders had to be made readable first; their depth bounds it.
  for (int i = 0; i < 64 && unread; i++) {
    unread = false;
    nftw(path, RemoveOne, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
  }
}
