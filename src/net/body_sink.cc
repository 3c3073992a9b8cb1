#include "net/body_sink.h"

#include <fcntl.h>

#include <algorithm>

#include "base/random.h"
#include "os/paths.h"
#include "os/posix_file.h"

namespace rw::net {
namespace {
constexpr uint64_t kWritebackStep = 8 << 20;
constexpr uint64_t kMostExpected = 4 << 20;
}  // namespace

void BodySink::Expect(int64_t bytes) {
  uint64_t size = bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
  if (size <= std::min(inline_limit_, kMostExpected)) bytes_.reserve(size);
}

Status BodySink::Spill() {
  if (file_) return Ok();
  if (spool_dir_.empty())
    return Error(Code::kUnavailable, "the server is busy: too many bodies in memory");
  path_ = os::JoinPath(spool_dir_, "body-" + SystemRandom().Hex(12));
  file_ = TRY(os::PosixFileSystem().Open(path_, os::OpenMode::kCreateNew, 0600));
  guard_ = std::make_shared<FileBody>(path_, 0, 0, true);
  TRY(file_->WriteAt(0, bytes_));
  written_ = bytes_.size();
  std::string().swap(bytes_);
  return Ok();
}

Status BodySink::Add(std::string& bytes) {
  if (!file_ && bytes_.size() + bytes.size() <= inline_limit_) {
    bytes_.append(bytes);
    bytes.clear();
    return Ok();
  }
  if (!file_) TRY(Spill());
  TRY(file_->WriteAt(written_, bytes));
  written_ += bytes.size();
  bytes.clear();
  // Writeback begins early, so that the kernel never has to hold the loop for a disk that is
  // behind.
  if (written_ - flushed_ >= kWritebackStep) {
    int fd = static_cast<os::PosixFile&>(*file_).fd();
    sync_file_range(fd, static_cast<off64_t>(flushed_), static_cast<off64_t>(written_ - flushed_),
                    SYNC_FILE_RANGE_WRITE);
    flushed_ = written_;
  }
  return Ok();
}

Body BodySink::Finish() {
  Body body;
  if (file_) {
    file_.reset();
    body.file = std::make_shared<FileBody>(path_, 0, written_, true);
    guard_->Disown();
    guard_.reset();
  } else {
    body.bytes = std::move(bytes_);
  }
  return body;
}

}  // namespace rw::net
