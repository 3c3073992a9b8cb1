// The shim as a real process: a stand-in for the executor passes messages, scripts are /bin/sh.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "os/file_system.h"
#include "os/poll_until.h"

namespace rw::shim::testing {

inline bool IsRunning(int pid) {
  auto stat = os::ReadFile(os::PosixFileSystem(), "/proc/" + std::to_string(pid) + "/stat");
  return stat && stat->find(") Z") == std::string::npos;
}

class ShimTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rw-shim-XXXXXX";
    dir_ = mkdtemp(name);
    ASSERT_TRUE(fs_.MakeDirs(dir_ + "/state"));
    ASSERT_TRUE(fs_.MakeDirs(dir_ + "/work"));
    ASSERT_EQ(mkfifo((dir_ + "/to").c_str(), 0600), 0);
    ASSERT_EQ(mkfifo((dir_ + "/from").c_str(), 0600), 0);
    to_ = open((dir_ + "/to").c_str(), O_RDWR | O_CLOEXEC);
    from_ = open((dir_ + "/from").c_str(), O_RDWR | O_CLOEXEC);
  }
  void TearDown() override {
    if (shim_ > 0) {
      Send("KILL");
      if (executor_ > 0) Finish();
    }
    close(to_);
    close(from_);
    ASSERT_TRUE(fs_.RemoveTree(dir_));
  }

  /// `before`: a command that executes what follows.
  void StartShim(std::vector<std::string> before = {}) {
    before.insert(before.end(), {shim_program_, dir_, stand_in_program_, dir_});
    std::vector<char*> words;
    for (std::string& word : before) words.push_back(word.data());
    words.push_back(nullptr);
    shim_ = fork();
    if (shim_ == 0) {
      execvp(words[0], words.data());
      _exit(127);
    }
    WaitHello();
  }
  void Finish() {
    Send("BYE");
    Send("exit");
    int status = 0;
    ASSERT_EQ(waitpid(shim_, &status, 0), shim_);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    shim_ = executor_ = 0;
  }
  void WriteLaunch(const std::vector<std::string>& arguments) {
    std::string text = "cwd=" + dir_ + "/work" + '\0' + "out=" + dir_ + "/log" + '\0';
    for (const std::string& argument : arguments) text += "arg=" + argument + '\0';
    text += std::string("env=PATH=/usr/bin:/bin") + '\0' + "env=A=1" + '\0' + more_;
    ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/state/launch", text));
  }
  void WriteScript(const std::string& script) { WriteLaunch({"/bin/sh", "-c", script}); }
  void Send(const std::string& line) {
    std::string text = line + "\n";
    ASSERT_EQ(write(to_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string Next() {
    bool came = os::PollUntil(
        [&] {
          ReadLines();
          return !lines_.empty();
        },
        kLookAgain, kPatience);
    if (!came) return "(nothing within 10 s)";
    std::string line = lines_.front();
    lines_.pop_front();
    return line;
  }
  void WaitHello() {
    std::string line = Next();
    ASSERT_EQ(line.substr(0, 6), "HELLO ");
    executor_ = atoi(line.c_str() + 6);
  }
  int WaitStarted() {
    std::string line = Next();
    EXPECT_EQ(line.substr(0, 8), "STARTED ") << line;
    return atoi(line.c_str() + 8);
  }
  void KillExecutor() {
    ASSERT_EQ(kill(executor_, SIGKILL), 0);
    WaitHello();
  }
  std::string FileText(const std::string& name) {
    auto text = os::ReadFile(fs_, dir_ + "/" + name);
    return text ? *text : "(none)";
  }
  /// Until a script has written `text` (and a newline) into work/`name`.
  void WaitForFile(const std::string& name) {
    auto is_there = [&] { return FileText("work/" + name).find('\n') != std::string::npos; };
    ASSERT_TRUE(os::PollUntil(is_there, kLookAgain, kPatience)) << name;
  }
  void WaitUntilOver(int pid) {
    EXPECT_TRUE(os::PollUntil([&] { return !IsRunning(pid); }, kLookAgain, kPatience)) << pid;
  }
  /// What the stand-in has said so far, by lines.
  void ReadLines() {
    pollfd fd{from_, POLLIN, 0};
    if (poll(&fd, 1, 0) <= 0) return;
    char buffer[4096];
    ssize_t n = read(from_, buffer, sizeof buffer);
    for (char c : std::string(buffer, n > 0 ? n : 0)) {
      if (c == '\n') {
        lines_.push_back(partial_);
        partial_.clear();
      } else {
        partial_ += c;
      }
    }
  }

  static constexpr std::chrono::milliseconds kLookAgain{2};
  static constexpr std::chrono::seconds kPatience{10};
  os::FileSystem& fs_ = os::PosixFileSystem();
  std::string shim_program_ = SHIM_PROGRAM;
  std::string stand_in_program_ = STAND_IN_PROGRAM;
  std::string more_;  // at the end of state/launch
  std::string dir_;
  int to_ = -1;
  int from_ = -1;
  pid_t shim_ = 0;
  pid_t executor_ = 0;
  std::deque<std::string> lines_;
  std::string partial_;
};

}  // namespace rw::shim::testing
