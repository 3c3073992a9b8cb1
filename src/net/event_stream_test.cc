#include "net/testing/net_fixture.h"

namespace rw::net {
namespace {
using namespace std::chrono_literals;
using testing::Echo;
using testing::NetTest;

TEST_F(NetTest, AFollowerThatDoesNotReadIsDropped) {
  std::shared_ptr<StreamSink> sink;
  bool closed = false;
  Serve([&](Request, std::shared_ptr<Responder> responder) {
    sink = responder->Stream({});
    sink->OnClosed([&] { closed = true; });
  });
  int fd = Dial();
  Put(fd, "GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(Until([&] { return sink != nullptr; }));
  uint64_t accepted = 0;
  while (sink->Write(std::string(100'000, 'x'))) accepted += 100'000;
  EXPECT_LT(accepted, 16u << 20);  // the bound and what the kernel holds
  EXPECT_TRUE(Until([&] { return closed; }));
  close(fd);
}

TEST_F(NetTest, AWriterMayWaitUntilItsFollowerHasTaken) {
  const uint64_t kTotal = 8 << 20;
  uint64_t written = 0;
  std::shared_ptr<StreamSink> sink;
  std::function<void()> more = [&] {
    while (written < kTotal && sink->pending() < 256 << 10) {
      ASSERT_TRUE(sink->Write(std::string(64 << 10, 'x')));
      written += 64 << 10;
    }
    if (written < kTotal) return sink->OnDrained(more);
    sink->Close();
  };
  Serve([&](Request, std::shared_ptr<Responder> responder) {
    sink = responder->Stream({});
    more();
  });
  auto response = Call({.method = "GET", .path = "/"});
  ASSERT_TRUE(response) << response.error().ToString();
  EXPECT_EQ(response->body.size(), kTotal);
}

TEST_F(NetTest, EventsArriveAndTheEndIsKnown) {
  std::shared_ptr<StreamSink> sink;
  Serve([&](Request request, std::shared_ptr<Responder> responder) {
    if (request.path == "/none")
      return responder->Send(ErrorResponse(Error(Code::kNotFound, "no such run")));
    sink = responder->Stream({.headers = {{"Content-Type", "text/event-stream"}}});
  });
  std::string seen;
  std::optional<Status> end;
  auto on_event = [&](const std::string& event, const std::string&, const std::string& data) {
    seen += event + "=" + data + ";";
    return data != "last";
  };
  auto follow = [&](const std::string& path) {
    end.reset();
    return EventStream::Start(loop_, url_, {.method = "GET", .path = path}, on_event,
                              [&](Status status) { end = std::move(status); });
  };
  auto stream = follow("/");
  ASSERT_TRUE(Until([&] { return sink != nullptr; }));
  EXPECT_TRUE(sink->Write("event: log\ndata: 1\n\n"));
  EXPECT_TRUE(Until([&] { return seen == "log=1;"; }));
  EXPECT_TRUE(sink->Write("data: 2\n\n"));
  sink->Close();
  EXPECT_TRUE(Until([&] { return end.has_value(); }));
  EXPECT_TRUE(*end);
  EXPECT_EQ(seen, "log=1;message=2;");
  sink.reset();

  stream = follow("/none");
  EXPECT_TRUE(Until([&] { return end.has_value(); }));
  EXPECT_EQ(end->error().code(), Code::kNotFound);

  bool closed = false;
  stream = follow("/");
  ASSERT_TRUE(Until([&] { return sink != nullptr; }));
  sink->OnClosed([&] { closed = true; });
  sink->Write("data: last\n\n");  // the follower wants no more: the server learns of it
  EXPECT_TRUE(Until([&] { return closed && end.has_value(); }));

  sink.reset();
  stream = follow("/");
  ASSERT_TRUE(Until([&] { return sink != nullptr; }));
  server_.reset();
  EXPECT_TRUE(Until([&] { return end.has_value(); }));
  EXPECT_EQ(end->error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace rw::net
