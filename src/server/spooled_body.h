// A response body made piece by piece off the loop: in memory while it is small, then in a file of
// the spool folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"
#include "os/file_system.h"

namespace rw::server {

class SpooledBody {
 public:
  /// `path`: of the file, should there be one.
  SpooledBody(os::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  ~SpooledBody();
  SpooledBody(const SpooledBody&) = delete;
  SpooledBody& operator=(const SpooledBody&) = delete;

  /// kNoSpace where the disk is full and the body too large for the memory (64 MiB).
  Status Write(std::string_view bytes);
  /// Once, at the end. The file goes with the body.
  Result<net::Body> Finish();

 private:
  os::FileSystem& fs_;
  std::string path_;
  std::string waiting_;
  std::unique_ptr<os::File> file_;
  uint64_t written_ = 0;
  bool no_room_ = false;
};

}  // namespace rw::server
