// What tests of makers of environments start from: a folder, a loop and threads of their own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "base/result.h"
#include "net/asio_loop.h"
#include "os/file_system.h"

namespace rw::env::testing {

class MakerFixture : public ::testing::Test {
 protected:
  MakerFixture() {
    char name[] = "/tmp/rw-env-XXXXXX";
    folder_ = mkdtemp(name);
    pool_ = net::MakeThreadPool(loop_, 2);
  }
  /// The maker is gone by now; its last work ends before the folder goes.
  ~MakerFixture() override {
    pool_.reset();
    CHECK(os::PosixFileSystem().RemoveTree(folder_));
  }
  /// Runs the loop until `done` of `start` was called.
  template <class T, class F>
  Result<T> Wait(F start) {
    std::optional<Result<T>> answer;
    start([&](Result<T> result) {
      answer.emplace(std::move(result));
      loop_.Stop();
    });
    if (!answer) loop_.Run();
    CHECK(answer);
    return *std::move(answer);
  }
  /// Below the folder.
  void Write(const std::string& name, const std::string& text, int mode = 0644) {
    std::string path = folder_ + "/" + name;
    CHECK(os::PosixFileSystem().MakeDirs(path.substr(0, path.rfind('/'))));
    CHECK(os::WriteFileAtomically(os::PosixFileSystem(), path, text, mode));
  }
  std::string Read(const std::string& name) {
    return os::ReadFile(os::PosixFileSystem(), folder_ + "/" + name).value_or("(none)");
  }

  std::string folder_;
  net::AsioLoop loop_;
  std::unique_ptr<WorkerPool> pool_;
};

}  // namespace rw::env::testing
