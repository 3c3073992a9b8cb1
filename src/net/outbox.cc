#include "net/outbox.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "os/posix_file.h"

namespace rw::net {
namespace {
constexpr uint64_t kTurn = 1 << 20;
constexpr uint64_t kFilePiece = 256 << 10;
}  // namespace

void Outbox::Push(std::string bytes) {
  if (bytes.empty()) return;
  pending_ += bytes.size();
  if (!items_.empty() && !items_.back().file && items_.back().bytes.size() + bytes.size() < 65536) {
    items_.back().bytes += bytes;
    return;
  }
  items_.emplace_back().bytes = std::move(bytes);
}

Status Outbox::Push(const Body& body) {
  if (!body.file) {
    Push(body.bytes);
    return Ok();
  }
  if (body.file->size() == 0) return Ok();
  Item item;
  item.file = TRY(os::PosixFileSystem().Open(body.file->path(), os::OpenMode::kRead));
  item.body = body.file;
  item.offset = body.file->offset();
  item.left = body.file->size();
  uint64_t size = TRY(item.file->Size());
  if (size < item.offset + item.left)
    return Error(Code::kInternal, body.file->path() + " is shorter than what is to be sent of it");
  pending_ += item.left;
  items_.push_back(std::move(item));
  return Ok();
}

void Outbox::Append(Outbox other) {
  for (Item& item : other.items_) {
    if (!item.file) {
      Push(std::move(item.bytes));
      continue;
    }
    pending_ += item.left;
    items_.push_back(std::move(item));
  }
}

int64_t Outbox::SendSome(int fd, Item& item) {
  ssize_t n;
  do {
    if (item.file) {
      off_t offset = static_cast<off_t>(item.offset);
      n = sendfile(fd, static_cast<os::PosixFile&>(*item.file).fd(), &offset,
                   std::min(item.left, kFilePiece));
      if (n == 0) return -1;  // the file shrank
    } else {
      n = send(fd, item.bytes.data() + item.at, item.bytes.size() - item.at, MSG_NOSIGNAL);
    }
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
  if (item.file) {
    item.offset += static_cast<uint64_t>(n);
    item.left -= static_cast<uint64_t>(n);
  } else {
    item.at += static_cast<size_t>(n);
  }
  return n;
}

Outbox::Progress Outbox::Flush(int fd) {
  uint64_t turn = 0;
  while (!items_.empty()) {
    if (turn >= kTurn) return Progress::kYield;
    Item& item = items_.front();
    int64_t n = SendSome(fd, item);
    if (n < 0) return Progress::kFailed;
    if (n == 0) return Progress::kBlocked;
    turn += static_cast<uint64_t>(n);
    sent_ += static_cast<uint64_t>(n);
    pending_ -= static_cast<uint64_t>(n);
    bool empty = item.file ? item.left == 0 : item.at == item.bytes.size();
    if (empty) items_.pop_front();
  }
  return Progress::kDone;
}

void Outbox::Clear() {
  items_.clear();
  pending_ = 0;
}

}  // namespace rw::net
