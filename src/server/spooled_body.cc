#include "server/spooled_body.h"

namespace rw::server {
namespace {

constexpr size_t kInMemory = 1 << 20;
/// Reading works on a full disk, too, within bounds.
constexpr size_t kInMemoryWhenFull = 64 << 20;

}  // namespace

SpooledBody::~SpooledBody() {
  if (file_) (void)fs_.Remove(path_);
}

Status SpooledBody::Write(std::string_view bytes) {
  waiting_ += bytes;
  if (waiting_.size() < (no_room_ ? kInMemoryWhenFull : kInMemory)) return Ok();
  if (!file_) file_ = TRY(fs_.Open(path_, os::OpenMode::kTruncate, 0600));
  Status done = file_->WriteAt(written_, waiting_);
  if (!done && done.error().code() == Code::kNoSpace && written_ == 0 && !no_room_) {
    file_.reset();
    (void)fs_.Remove(path_);
    no_room_ = true;
    return Ok();
  }
  TRY(std::move(done));
  written_ += waiting_.size();
  waiting_.clear();
  return Ok();
}

Result<net::Body> SpooledBody::Finish() {
  net::Body body;
  if (!file_) {
    body.bytes = std::move(waiting_);
    return body;
  }
  TRY(file_->WriteAt(written_, waiting_));
  written_ += waiting_.size();
  body.file = std::make_shared<net::FileBody>(path_, 0, written_, true);
  file_.reset();
  return body;
}

}  // namespace rw::server
