#include "net/loop_socket.h"

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "net/asio_loop_impl.h"

namespace rw::net {
namespace asio = boost::asio;

struct LoopSocket::Impl {
  explicit Impl(asio::io_context& io) : descriptor(io) {}
  asio::posix::stream_descriptor descriptor;
};

LoopSocket::LoopSocket(std::unique_ptr<Impl> impl, int fd) : impl_(std::move(impl)), fd_(fd) {}
LoopSocket::~LoopSocket() = default;

Result<std::unique_ptr<LoopSocket>> LoopSocket::Adopt(AsioLoop& loop, int fd) {
  if (loop.impl().closing) {
    ::close(fd);
    return Error(Code::kCanceled, "the loop is closing");
  }
  auto impl = std::make_unique<Impl>(*loop.impl().io);
  boost::system::error_code ec;
  impl->descriptor.assign(fd, ec);
  if (ec) {
    ::close(fd);
    return ErrnoError(ec.value(), "watch a socket");
  }
  return std::unique_ptr<LoopSocket>(new LoopSocket(std::move(impl), fd));
}

void LoopSocket::WhenReadable(Task task) {
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [task = std::move(task)](const boost::system::error_code& ec) {
                                 if (!ec) task();
                               });
}

void LoopSocket::WhenWritable(Task task) {
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                               [task = std::move(task)](const boost::system::error_code& ec) {
                                 if (!ec) task();
                               });
}

void LoopSocket::Close() {
  if (fd_ < 0) return;
  fd_ = -1;
  boost::system::error_code ec;
  impl_->descriptor.close(ec);
}

}  // namespace rw::net
