#include "os/paths.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"

namespace rw::os {

std::string DirName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  size_t at = path.rfind('/');
  if (at == std::string_view::npos) return ".";
  return at == 0 ? "/" : std::string(path.substr(0, at));
}

std::string BaseName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  size_t at = path.rfind('/');
  return std::string(at == std::string_view::npos ? path : path.substr(at + 1));
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty() || (!name.empty() && name.front() == '/')) return std::string(name);
  std::string out(folder);
  if (out.back() != '/') out.push_back('/');
  out += name;
  return out;
}

Result<std::string> CleanRelativePath(std::string_view name, std::string_view what) {
  auto bad = [&](std::string_view why) {
    return Error(Code::kInvalidArgument,
                 "The " + std::string(what) + " '" + Utf8Lossy(name.substr(0, 200)) + "' " +
                     std::string(why) + ". Give a relative path such as 'outputs/model.pkl'.",
                 std::string(what));
  };
  if (name.size() > 4096) return bad("is longer than 4,096 bytes");
  if (!IsValidUtf8(name)) return bad("is not valid UTF-8");
  for (unsigned char c : name)
    if (c < 0x20 || c == 0x7f) return bad("holds a control character");
  if (!name.empty() && name.front() == '/') return bad("is absolute");
  std::string out;
  for (const std::string& part : Split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return bad("leads out of its folder ('..')");
    if (part.size() > 255) return bad("has a component longer than 255 bytes");
    if (!out.empty()) out.push_back('/');
    out += part;
  }
  if (out.empty()) return bad("is empty");
  return out;
}

Result<int> OpenBeneath(const std::string& root, const std::string& relative, int flags,
                        unsigned mode) {
  int dir = open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return ErrnoError(errno, "open " + root);
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd = syscall(SYS_openat2, dir, relative.c_str(), &how, sizeof how);
  int err = errno;
  close(dir);
  if (fd < 0) return ErrnoError(err, "open " + relative + " below " + root);
  return static_cast<int>(fd);
}

}  // namespace rw::os
