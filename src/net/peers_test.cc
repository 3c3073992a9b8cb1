#include "net/testing/net_fixture.h"

namespace rw::net {
namespace {
using namespace std::chrono_literals;
using testing::Echo;
using testing::NetTest;

TEST_F(NetTest, SlowPeersAreCutOff) {
  options_.idle_timeout_s = 1;
  Serve(Echo);
  int silent = Dial();
  int head = Dial();
  Put(head, "GET / HT");
  int body = Dial();
  Put(body, "PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(ReadAll(silent), "");
  EXPECT_TRUE(ReadAll(head).starts_with("HTTP/1.1 504"));
  EXPECT_TRUE(ReadAll(body).starts_with("HTTP/1.1 504"));
  for (int fd : {silent, head, body}) close(fd);
}

TEST_F(NetTest, NobodyThereAndNoAnswerInTime) {
  std::vector<std::shared_ptr<Responder>> kept;
  Serve([&](Request, std::shared_ptr<Responder> responder) { kept.push_back(responder); });
  auto late = Call({.method = "GET", .path = "/slow"}, 30ms);
  EXPECT_EQ(late.error().code(), Code::kUnavailable);
  kept.clear();
  server_.reset();
  auto refused = Call({.method = "GET", .path = "/"});
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  EXPECT_NE(refused.error().message().find("nobody listens"), std::string::npos);
}

TEST_F(NetTest, ADroppedResponderAnswers500) {
  Serve([](Request, std::shared_ptr<Responder>) {});
  EXPECT_EQ(Call({.method = "GET", .path = "/"})->status, 500);
}

TEST_F(NetTest, AStaleConnectionIsReplaced) {
  Serve(Echo);
  ASSERT_TRUE(Call({.method = "GET", .path = "/"}));
  options_.port = server_->port();
  auto old = std::move(client_);
  server_.reset();
  Serve(Echo);
  client_ = std::move(old);
  auto response = Call({.method = "POST", .path = "/", .body = {.bytes = "x"}});
  ASSERT_TRUE(response) << response.error().ToString();
}

TEST_F(NetTest, UnixSocketsOfAnyLength) {
  std::string deep = dir_ + "/" + std::string(100, 'd') + "/" + std::string(100, 'e');
  ASSERT_TRUE(os::PosixFileSystem().MakeDirs(deep));
  options_.unix_path = deep + "/exec.sock";
  Serve(Echo);
  EXPECT_EQ(Call({.method = "POST", .path = "/", .body = {.bytes = "hi"}})->body.bytes, "hi");
  EXPECT_EQ(os::PosixFileSystem().Stat(options_.unix_path)->mode & 0777u, 0600u);
  auto second = HttpServer::Listen(loop_, options_, nullptr, Echo);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  server_.reset();
  EXPECT_FALSE(os::Exists(os::PosixFileSystem(), options_.unix_path));
}

TEST_F(NetTest, TwoServersOnOnePortIsAConflict) {
  Serve(Echo);
  options_.port = server_->port();
  EXPECT_EQ(HttpServer::Listen(loop_, options_, nullptr, Echo).error().code(), Code::kConflict);
}

TEST_F(NetTest, TimersTasksAndThreads) {
  std::string order;
  loop_.After("b", 2ms, [&] { order += 'b'; });
  loop_.After("a", 1ms, [&] { order += 'a'; });
  TimerId never = loop_.After("c", 1ms, [&] { order += 'c'; });
  loop_.Cancel(never);
  auto pool = MakeThreadPool(loop_, 2);
  std::atomic<int> worked = 0;
  int done = 0;
  for (int i = 0; i < 100; i++)
    pool->Run(
        "w", [&] { worked++; }, [&] { done++; });
  EXPECT_TRUE(Until([&] { return done == 100 && order == "ab"; }));
  EXPECT_EQ(worked, 100);
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  int ready = 0;
  std::shared_ptr<void> watch = loop_.WatchReadable(fds[0], [&] {
    char byte;
    ready += static_cast<int>(read(fds[0], &byte, 1));
    if (ready == 2) watch.reset();
  });
  ASSERT_EQ(write(fds[1], "xyz", 3), 3);
  EXPECT_TRUE(Until([&] { return ready == 2; }));
  EXPECT_EQ(watch, nullptr);
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace rw::net
