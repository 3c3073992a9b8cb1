#include "executor/file_watcher.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "base/log.h"
#include "net/asio_loop.h"

namespace rw::executor {
namespace {

class InotifyWatcher final : public FileWatcher {
 public:
  explicit InotifyWatcher(net::AsioLoop& loop)
      : loop_(loop), fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (fd_ < 0) LOG_WARN("watcher.none_left", {"error", strerror(errno)});
    // A writer that opens a file in the microseconds of our lease makes the kernel send this.
    signal(SIGIO, SIG_IGN);
  }
  ~InotifyWatcher() override {
    readable_.reset();
    if (fd_ >= 0) close(fd_);
  }

  std::shared_ptr<void> Watch(const std::string& path, Task changed) override {
    if (fd_ < 0) return nullptr;
    int watch = inotify_add_watch(fd_, path.c_str(), IN_MODIFY);
    if (watch < 0) return nullptr;
    if (!readable_) readable_ = loop_.WatchReadable(fd_, [this] { Read(); });
    callbacks_[watch] = std::move(changed);
    // Any pointer will do for the shared_ptr to call its deleter.
    return std::shared_ptr<void>(this, [this, watch](void*) {
      callbacks_.erase(watch);
      inotify_rm_watch(fd_, watch);
    });
  }

  bool IsOpenForWriting(const std::string& path) override {
    int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return false;
    bool refused = fcntl(file, F_SETLEASE, F_RDLCK) != 0;
    bool writer = refused && errno == EAGAIN;
    if (!refused) fcntl(file, F_SETLEASE, F_UNLCK);
    close(file);
    return writer;
  }

 private:
  void Read() {
    alignas(inotify_event) char buffer[4096];
    std::map<int, bool> touched;
    ssize_t n;
    while ((n = read(fd_, buffer, sizeof buffer)) > 0) {
      for (char* at = buffer; at < buffer + n;) {
        auto* event = reinterpret_cast<inotify_event*>(at);
        touched[event->wd] = true;
        at += sizeof(inotify_event) + event->len;
      }
      if (n < static_cast<ssize_t>(sizeof buffer / 2)) break;
    }
    bool overflow = touched.count(-1) != 0;
    auto callbacks = callbacks_;  // one of them may end a watch
    for (auto& [watch, changed] : callbacks)
      if (overflow || touched.count(watch) != 0) changed();
  }

  net::AsioLoop& loop_;
  int fd_;
  std::shared_ptr<void> readable_;
  std::map<int, Task> callbacks_;
};
}  // namespace

std::unique_ptr<FileWatcher> MakeFileWatcher(net::AsioLoop& loop) {
  return std::make_unique<InotifyWatcher>(loop);
}

}  // namespace rw::executor
