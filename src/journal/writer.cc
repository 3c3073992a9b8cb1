#include "journal/writer.h"

#include "os/paths.h"

namespace rw::journal {

std::string Writer::PathOf(const std::string& folder, const WriterId& writer) {
  return os::JoinPath(folder, writer.str() + ".rwj");
}

Result<std::unique_ptr<Writer>> Writer::Create(os::FileSystem& fs, Clock& clock,
                                               const std::string& folder, const WriterId& writer,
                                               std::string_view open) {
  std::string path = PathOf(folder, writer);
  TRY(fs.Open(path, os::OpenMode::kCreateNew, 0600));
  auto file = TRY(fs.Open(path, os::OpenMode::kAppend, 0600));
  std::unique_ptr<Writer> made(new Writer(clock, std::move(file)));
  TRY(made->Append(Kind::kOpen, open));
  return made;
}

Status Writer::Append(Kind kind, std::string_view body) {
  if (kHeadSize + body.size() > kMaxLength)
    return Error(Code::kTooLarge, "a journal record holds at most 16 MiB; log less at once");
  buffer_.clear();
  if (size_ == 0) buffer_ = kFileHeader;
  AppendRecord({seq_, clock_.WallMicros(), clock_.BootMicros(), kind, body}, buffer_);
  Status written = file_->Append(buffer_);
  if (!written) {
    // A part may be there; what came after it could never be read.
    if (Status cut = file_->Truncate(size_); !cut) return cut;
    return written;
  }
  seq_++;
  size_ += buffer_.size();
  return Ok();
}

Status Writer::AppendNumber(const Number& number) {
  std::string body;
  journal::AppendNumber(number, body);
  return Append(Kind::kNumber, body);
}

}  // namespace rw::journal
