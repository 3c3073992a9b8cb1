// A folder of the machine for one test, removed with it.
#pragma once

#include <cstdlib>
#include <string>

#include "os/file_system.h"

namespace rw::cas::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char pattern[] = "/tmp/rw_cas_test_XXXXXX";
    CHECK(mkdtemp(pattern) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { (void)os::PosixFileSystem().RemoveTree(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace rw::cas::testing
