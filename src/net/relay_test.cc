#include "net/relay.h"

#include "base/hash.h"
#include "net/testing/net_fixture.h"

namespace rw::net {
namespace {
using namespace std::chrono_literals;
using testing::Echo;
using testing::NetTest;

/// A relay in front of the test's server.
class RelayTest : public NetTest {
 protected:
  void StartRelay(std::function<RelayDecision(const Request&)> decide) {
    server_url_ = url_;
    relay_ = *net::Relay::Listen(loop_, {.socket_path = dir_ + "/exec.sock",
                                         .server = [this] { return server_url_; },
                                         .decide = std::move(decide)});
    Connect("unix:" + dir_ + "/exec.sock");
  }
  void TearDown() override {
    client_.reset();
    relay_.reset();
    NetTest::TearDown();
  }
  std::string server_url_;
  std::unique_ptr<net::Relay> relay_;
};

RelayDecision Authorize(const Request&) {
  return Forward{{{"Authorization", "Bearer secret"}, {"Runwright-Fence", "7"}}};
}

TEST_F(RelayTest, InjectsFieldsAndReplacesTheUsersOwn) {
  std::string auth, fence, other;
  Serve([&](Request request, std::shared_ptr<Responder> responder) {
    auth = request.Header("Authorization");
    fence = request.Header("runwright-fence");
    other = request.Header("X-Other");
    Echo(std::move(request), std::move(responder));
  });
  StartRelay(Authorize);
  for (int i = 0; i < 3; i++) {
    Request request{.method = "POST", .path = "/api/v1/x", .body = {.bytes = "body"}};
    request.headers = {{"authorization", "mine"}, {"X-Other", "kept"}};
    auto response = Call(std::move(request));
    ASSERT_TRUE(response) << response.error().ToString();
    EXPECT_EQ(response->body.bytes, "body");
    EXPECT_EQ(auth, "Bearer secret");
    EXPECT_EQ(fence, "7");
    EXPECT_EQ(other, "kept");
  }
}

TEST_F(RelayTest, PumpsBigBodiesBothWays) {
  std::string big(5'000'000, 'y');
  big[4'999'999] = 'z';
  Serve(Echo);
  StartRelay(Authorize);
  auto response = Call({.method = "PUT", .path = "/", .body = {.bytes = big}});
  ASSERT_TRUE(response) << response.error().ToString();
  ASSERT_NE(response->body.file, nullptr);
  EXPECT_EQ(Sha256Hex(*os::ReadFile(os::PosixFileSystem(), response->body.file->path())),
            Sha256Hex(big));
}

TEST_F(RelayTest, StreamsEventsAndCarriesTheEndBothWays) {
  std::shared_ptr<StreamSink> sink;
  bool closed = false;
  Serve([&](Request, std::shared_ptr<Responder> responder) {
    sink = responder->Stream({});
    sink->OnClosed([&] { closed = true; });
  });
  StartRelay(Authorize);
  std::string seen;
  auto stream = EventStream::Start(
      loop_, "unix:" + dir_ + "/exec.sock", {.method = "GET", .path = "/"},
      [&](const std::string&, const std::string&, const std::string& data) {
        seen += data;
        return true;
      },
      [](const Status&) {});
  ASSERT_TRUE(Until([&] { return sink != nullptr; }));
  sink->Write("data: 1\n\n");
  ASSERT_TRUE(Until([&] { return seen == "1"; }));
  stream.reset();
  EXPECT_TRUE(Until([&] { return closed; }));
}

TEST_F(RelayTest, AnswersItselfWhenAskedAndWhenTheServerIsGone) {
  Serve(Echo);
  std::shared_ptr<Responder> waiting;
  StartRelay([&](const Request& head) -> RelayDecision {
    if (head.path == "/flush")
      return Intercept{[&](Request request, std::shared_ptr<Responder> responder) {
        EXPECT_EQ(request.body.bytes, "{}");
        waiting = std::move(responder);
      }};
    if (head.path == "/no")
      return Respond{ErrorResponse(Error(Code::kPermissionDenied, "not from a run"))};
    return Authorize(head);
  });
  std::optional<Result<Response>> answer;
  client_->Send({.method = "POST", .path = "/flush", .body = {.bytes = "{}"}}, 20s,
                [&](Result<Response> r) { answer = std::move(r); });
  ASSERT_TRUE(Until([&] { return waiting != nullptr; }));
  waiting->Send(JsonResponse(json::Value().Set("acked", 5)));
  waiting.reset();
  ASSERT_TRUE(Until([&] { return answer.has_value(); }));
  EXPECT_EQ((*answer)->body.bytes, "{\"acked\":5}");
  EXPECT_EQ(
      Call({.method = "PUT", .path = "/no", .body = {.bytes = std::string(2 << 20, 'x')}})->status,
      403);
  server_.reset();
  auto gone = Call({.method = "POST", .path = "/x", .body = {.bytes = std::string(3 << 20, 'x')}});
  ASSERT_TRUE(gone) << gone.error().ToString();
  EXPECT_EQ(gone->status, 503);
  EXPECT_EQ(ErrorOf(*gone).code(), Code::kUnavailable);
}

}  // namespace
}  // namespace rw::net
