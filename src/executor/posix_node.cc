#include "executor/posix_node.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "executor/gpu_reader.h"
#include "executor/proc_reader.h"
#include "os/process.h"

namespace rw::executor {
namespace {

class PosixNode final : public Node {
 public:
  explicit PosixNode(int supervisor) : supervisor_(supervisor), gpus_(MakeGpuReader()) {}

  NodeSample Sample() override {
    NodeSample sample;
    AddProcesses(supervisor_, sample);
    AddMachine(sample);
    if (gpus_) sample.gpus = gpus_->Read();
    return sample;
  }

  DiskSpace SpaceOf(const std::string& path) override {
    struct statvfs info {};
    if (statvfs(path.c_str(), &info) != 0) return {UINT64_MAX, UINT64_MAX};
    uint64_t blocks = geteuid() == 0 ? info.f_bfree : info.f_bavail;
    return {blocks * info.f_frsize, info.f_blocks * info.f_frsize};
  }

  bool Reserve(const std::string& path, uint64_t from, uint64_t bytes) override {
    return Allocate(path, O_WRONLY | O_CREAT, FALLOC_FL_KEEP_SIZE, from, bytes);
  }
  bool Release(const std::string& path, uint64_t from, uint64_t to) override {
    return Allocate(path, O_WRONLY, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, from, to - from);
  }
  void Trim(const std::string& path) override {
    int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    struct stat info {};
    if (fd < 0) return;
    if (fstat(fd, &info) == 0 && ftruncate(fd, info.st_size) != 0) errno = 0;
    close(fd);
  }

  void Run(const std::vector<std::string>& command,
           const std::map<std::string, std::string>& environment) override {
    os::LaunchSpec spec;
    spec.argv = command;
    for (const auto& [name, value] : environment) spec.environment.push_back(name + "=" + value);
    spec.working_dir = "/";
    auto result = os::RunCommand(spec, 60'000);
    if (!result)
      LOG_WARN("node.run_failed", {"program", command[0]}, {"error", result.error().message()});
  }

 private:
  static bool Allocate(const std::string& path, int flags, int mode, uint64_t from,
                       uint64_t bytes) {
    int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool done = fallocate(fd, mode, static_cast<off_t>(from), static_cast<off_t>(bytes)) == 0;
    close(fd);
    return done;
  }

  int supervisor_;
  std::unique_ptr<GpuReader> gpus_;
};
}  // namespace

std::unique_ptr<Node> MakePosixNode(int supervisor) {
  return std::make_unique<PosixNode>(supervisor);
}

}  // namespace rw::executor
