#include "net/asio_loop.h"

#include <signal.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "base/result.h"
#include "net/asio_loop_impl.h"

namespace rw::net {
namespace {
namespace asio = boost::asio;
using BoostError = boost::system::error_code;

/// Re-arms itself until the owner drops it.
class ReadableWatch : public std::enable_shared_from_this<ReadableWatch> {
 public:
  ReadableWatch(asio::io_context& io, int fd, Task task) : descriptor_(io), task_(std::move(task)) {
    BoostError ec;
    descriptor_.assign(fd, ec);
    CHECK(!ec);
  }
  ~ReadableWatch() {
    if (descriptor_.is_open()) descriptor_.release();
  }
  void Arm() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [weak = weak_from_this()](const BoostError& ec) {
                             auto self = weak.lock();
                             if (ec || !self) return;
                             self->task_();
                             self->Arm();
                           });
  }

 private:
  asio::posix::stream_descriptor descriptor_;
  Task task_;
};
}  // namespace

AsioLoop::AsioLoop() : impl_(new Impl) {
  impl_->work.emplace(impl_->io->get_executor());
  signal(SIGPIPE, SIG_IGN);  // sendfile has no MSG_NOSIGNAL; a gone peer is an error code to us
}

AsioLoop::~AsioLoop() {
  impl_->closing = true;
  impl_->work.reset();
  impl_->signals.reset();
  impl_->timers.clear();
  impl_->io.reset();
}

void AsioLoop::Post(std::string_view, Task task) {
  if (!impl_->closing) asio::post(*impl_->io, std::move(task));
}

TimerId AsioLoop::After(std::string_view, std::chrono::microseconds delay, Task task) {
  if (impl_->closing) return 0;
  TimerId id = impl_->next_timer++;
  auto [it, fresh] = impl_->timers.try_emplace(id, *impl_->io, delay);
  it->second.async_wait([this, id, task = std::move(task)](const BoostError& ec) {
    // A timer that was cancelled after it expired is no longer in the map.
    if (ec || impl_->timers.erase(id) == 0) return;
    task();
  });
  return id;
}

void AsioLoop::Cancel(TimerId timer) { impl_->timers.erase(timer); }

void AsioLoop::Run() {
  impl_->io->restart();
  impl_->io->run();
}

void AsioLoop::Stop() { impl_->io->stop(); }

void AsioLoop::OnTerminate(Task task) {
  impl_->signals.emplace(*impl_->io, SIGTERM, SIGINT);
  impl_->signals->async_wait([task = std::move(task)](const BoostError& ec, int) {
    if (!ec) task();
  });
}

std::shared_ptr<void> AsioLoop::WatchReadable(int fd, Task task) {
  auto watch = std::make_shared<ReadableWatch>(*impl_->io, fd, std::move(task));
  watch->Arm();
  return watch;
}

}  // namespace rw::net
