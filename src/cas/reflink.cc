#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "cas/materialise.h"

namespace rw::cas {
namespace {

class Reflink final : public FileCloner {
 public:
  bool Clone(const std::string& from, const std::string& to, uint32_t permissions) override {
    if (unsupported_) return false;
    int source = open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (source < 0) return false;
    int target = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions);
    bool cloned = target >= 0 && ioctl(target, FICLONE, source) == 0;
    close(source);
    if (target >= 0) close(target);
    if (target >= 0 && !cloned) {
      unlink(to.c_str());
      unsupported_ = true;
    }
    return cloned;
  }

 private:
  std::atomic<bool> unsupported_ = false;
};

}  // namespace

std::unique_ptr<FileCloner> ReflinkCloner() { return std::make_unique<Reflink>(); }

}  // namespace rw::cas
