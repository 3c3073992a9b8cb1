#include "net/server.h"

#include "base/hash.h"
#include "net/testing/net_fixture.h"

namespace rw::net {
namespace {
using namespace std::chrono_literals;
using testing::Echo;
using testing::NetTest;

TEST_F(NetTest, SmallMessagesOnOneConnection) {
  Serve(Echo);
  for (int i = 0; i < 50; i++) {
    auto response = Call({.method = "POST", .path = "/p", .body = {.bytes = std::to_string(i)}});
    ASSERT_TRUE(response) << response.error().ToString();
    EXPECT_EQ(response->body.bytes, std::to_string(i));
    EXPECT_EQ(response->headers["x-path"], "/p");
  }
}

TEST_F(NetTest, BigBodiesAreSpooledBothWaysAndRemoved) {
  std::string big(5'000'000, 'x');
  for (size_t i = 0; i < big.size(); i += 4096) big[i] = static_cast<char>('a' + i % 23);
  bool spooled = false;
  Serve([&](Request request, std::shared_ptr<Responder> responder) {
    spooled = request.body.file != nullptr && request.body.bytes.empty();
    Echo(std::move(request), std::move(responder));
  });
  auto response = Call({.method = "PUT", .path = "/", .body = {.bytes = big}});
  ASSERT_TRUE(response) << response.error().ToString();
  EXPECT_TRUE(spooled);
  ASSERT_NE(response->body.file, nullptr);
  EXPECT_EQ(Sha256Hex(*os::ReadFile(os::PosixFileSystem(), response->body.file->path())),
            Sha256Hex(big));
  response->body.file.reset();
  EXPECT_TRUE(Until([&] { return os::PosixFileSystem().List(dir_)->empty(); }));
}

TEST_F(NetTest, FileRangesAreSentAndUploaded) {
  ASSERT_TRUE(os::WriteFileAtomically(os::PosixFileSystem(), dir_ + "/f", "0123456789"));
  Serve([&](Request request, std::shared_ptr<Responder> responder) {
    EXPECT_EQ(request.body.bytes, "345");
    Response response{.status = 206};
    response.body.file = std::make_shared<FileBody>(dir_ + "/f", 7, 3);
    responder->Send(std::move(response));
  });
  Request request{.method = "POST", .path = "/"};
  request.body.file = std::make_shared<FileBody>(dir_ + "/f", 3, 3);
  auto response = Call(std::move(request));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 206);
  EXPECT_EQ(response->body.bytes, "789");
}

TEST_F(NetTest, MissingFileIsAnErrorAnswer) {
  Serve([&](Request, std::shared_ptr<Responder> responder) {
    Response response;
    response.body.file = std::make_shared<FileBody>(dir_ + "/none", 0, 3);
    responder->Send(std::move(response));
  });
  EXPECT_EQ(Call({.method = "GET", .path = "/"})->status, 404);
}

TEST_F(NetTest, RefusedFromTheHeadBeforeTheBody) {
  check_ = [](const Request& head) -> Status {
    if (head.Header("Authorization").empty()) return Error(Code::kUnauthenticated, "no token");
    return Ok();
  };
  int handled = 0;
  Serve([&](Request request, std::shared_ptr<Responder> responder) {
    handled++;
    Echo(std::move(request), std::move(responder));
  });
  int fd = Dial();
  Put(fd, "PUT / HTTP/1.1\r\nContent-Length: 5000000000\r\nExpect: 100-continue\r\n\r\n");
  std::string answer = ReadAll(fd);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 401 ")) << answer;
  EXPECT_EQ(answer.find("100 Continue"), std::string::npos);
  EXPECT_NE(answer.find("\"Unauthenticated\""), std::string::npos);
  close(fd);
  // The client sees the refusal although its body is still on its way.
  auto response =
      Call({.method = "PUT", .path = "/", .body = {.bytes = std::string(3'000'000, 'x')}});
  ASSERT_TRUE(response) << response.error().ToString();
  EXPECT_EQ(response->status, 401);
  EXPECT_EQ(handled, 0);
}

TEST_F(NetTest, ContinueIsSaidBeforeABody) {
  Serve(Echo);
  int fd = Dial();
  Put(fd,
      "PUT / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(ReadAll(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  Put(fd, "ok");
  EXPECT_TRUE(ReadAll(fd).ends_with("\r\n\r\nok"));
  close(fd);
}

TEST_F(NetTest, PipelinedChunkedAndOldRequests) {
  Serve(Echo);
  int fd = Dial();
  Put(fd,
      "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nHEAD /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.0\r\n\r\n");
  std::string all = ReadAll(fd);
  EXPECT_NE(all.find("X-Path: /1"), std::string::npos);
  EXPECT_NE(all.find("\r\n\r\nabcdeHTTP/1.1 200"), std::string::npos) << all;
  EXPECT_NE(all.find("X-Path: /3"), std::string::npos);
  EXPECT_NE(all.find("X-Path: /4"), std::string::npos);
  close(fd);
}

TEST_F(NetTest, MalformedAndOversizedAreRefused) {
  options_.body_limit = 100;
  Serve(Echo);
  for (auto [text, status] : std::initializer_list<std::pair<std::string, std::string>>{
           {"NONSENSE\r\n\r\n", "400"},
           {"GET / HTTP/1.1\r\nX: " + std::string(80'000, 'a') + "\r\n\r\n", "413"},
           {"PUT / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "413"},
           {"PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"}}) {
    int fd = Dial();
    Put(fd, text);
    EXPECT_TRUE(ReadAll(fd).starts_with("HTTP/1.1 " + status)) << text.substr(0, 40);
    close(fd);
  }
}

}  // namespace
}  // namespace rw::net
