#include <sys/statvfs.h>

#include "base/strings.h"
#include "cli/doctor.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::cli {
namespace {

using keep::Health;

constexpr int64_t kFewInstances = 256;

void Inotify(Findings& out) {
  auto text = os::ReadFile(os::PosixFileSystem(), "/proc/sys/fs/inotify/max_user_instances", 64);
  auto instances = text ? ParseInt(Trim(*text)) : std::nullopt;
  if (!instances) return;
  std::string said = std::to_string(*instances) + " inotify instances for each user";
  if (*instances >= kFewInstances) return AddFinding(out, Health::kGood, "machine", said);
  AddFinding(
      out, Health::kNote, "machine",
      said + ": with more runs than that at once, the others look for new output every 20 ms",
      "as root: sysctl fs.inotify.max_user_instances=1024");
}

void Beside(Findings& out, const std::string& name, const std::string& need) {
  std::string folder = os::DirName(os::SelfPath());
  std::string path = os::JoinPath(folder, name);
  if (os::Exists(os::PosixFileSystem(), path))
    return AddFinding(out, Health::kGood, "programs", path);
  AddFinding(out, Health::kError, "programs", path + " is missing: " + need,
             "put it back beside runwright (`make build` in a checkout)");
}

}  // namespace

void ExamineMachine(Context& context, Findings& out) {
  Beside(out, "runwright-shim", "no run can start");
  std::string uv = os::JoinPath(os::DirName(os::SelfPath()), "uv");
  if (!os::Exists(os::PosixFileSystem(), uv)) uv = context.here().FindProgram("uv");
  if (uv.empty())
    AddFinding(out, Health::kWarning, "programs",
               "no uv: environments with packages cannot be built, existing interpreters work",
               "put uv beside runwright or on PATH (https://docs.astral.sh/uv)");
  else
    AddFinding(out, Health::kGood, "programs", uv);
  std::string python = context.here().FindProgram("python3");
  if (python.empty())
    AddFinding(out, Health::kWarning, "programs",
               "no python3 on PATH: submissions must name their interpreter",
               "install Python 3.6 or later");
  else
    AddFinding(out, Health::kGood, "programs", python);
  Inotify(out);
}

}  // namespace rw::cli
