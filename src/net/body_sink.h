// Where the bytes of an arriving body go: memory while they are few, a file in the spool folder
// then.
#pragma once

#include <memory>
#include <string>

#include "net/http.h"
#include "os/file_system.h"

namespace rw::net {

class BodySink {
 public:
  BodySink(std::string spool_dir, uint64_t inline_limit)
      : spool_dir_(std::move(spool_dir)), inline_limit_(inline_limit) {}
  /// A half-written spool file is removed.
  ~BodySink() = default;
  /// How many bytes are to come, as the other side says: room for them is made at once where they
  /// stay in memory and are few.
  void Expect(int64_t bytes);
  /// Takes all of `bytes` and empties it. kNoSpace when the spool's disk is full.
  Status Add(std::string& bytes);
  /// From now on into a file. kUnavailable where there is no spool folder.
  Status Spill();
  /// Bytes held in memory now.
  uint64_t held() const { return bytes_.size(); }
  /// The whole body; a spooled one is an owned file.
  Body Finish();

 private:
  std::string spool_dir_;
  uint64_t inline_limit_;
  std::string bytes_;
  std::unique_ptr<os::File> file_;
  std::string path_;
  std::shared_ptr<FileBody> guard_;  // removes the file when this body is never finished
  uint64_t written_ = 0;
  uint64_t flushed_ = 0;
};

}  // namespace rw::net
