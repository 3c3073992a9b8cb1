// Writes a journal file. The Python SDK has its own; this one is for tools, tests and the
// simulator.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/ids.h"
#include "journal/record.h"
#include "os/file_system.h"

namespace rw::journal {

class Writer {
 public:
  /// Where the file of `writer` lies below a run's journal folder.
  static std::string PathOf(const std::string& folder, const WriterId& writer);

  /// Makes the file (kConflict when it is there) and writes its `open` record, whose JSON body is
  /// `open`.
  static Result<std::unique_ptr<Writer>> Create(os::FileSystem& fs, Clock& clock,
                                                const std::string& folder, const WriterId& writer,
                                                std::string_view open);

  /// One write(). On an error nothing of the record is left in the file, and its seq is given
  /// again.
  Status Append(Kind kind, std::string_view body);
  /// Append(kNumber).
  Status AppendNumber(const Number& number);

  uint64_t size() const { return size_; }

 private:
  Writer(Clock& clock, std::unique_ptr<os::File> file) : clock_(clock), file_(std::move(file)) {}

  Clock& clock_;
  std::unique_ptr<os::File> file_;
  uint64_t seq_ = 0;
  uint64_t size_ = 0;
  std::string buffer_;
};

}  // namespace rw::journal
