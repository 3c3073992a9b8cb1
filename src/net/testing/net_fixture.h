// A server and a client of it on one loop, and raw connections.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/asio_loop.h"
#include "net/client.h"
#include "net/server.h"
#include "os/file_system.h"

namespace rw::net::testing {
using namespace std::chrono_literals;

class NetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/rw_net_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    dir_ = pattern;
    options_.spool_dir = dir_;
  }
  void TearDown() override {
    client_.reset();
    server_.reset();
    handler_ = nullptr;
    ASSERT_TRUE(os::PosixFileSystem().RemoveTree(dir_));
  }
  void Serve(Handler handler) {
    handler_ = std::move(handler);
    auto check = [this](const Request& head) -> Status {
      if (check_) return check_(head);
      return Ok();
    };
    auto server = HttpServer::Listen(
        loop_, options_, check,
        [this](Request q, std::shared_ptr<Responder> a) { handler_(std::move(q), std::move(a)); });
    ASSERT_TRUE(server) << server.error().ToString();
    server_ = *std::move(server);
    url_ =
        options_.unix_path.empty() ? "http://" + server_->address() : "unix:" + server_->address();
    Connect(url_);
  }
  void Connect(const std::string& url) {
    client_ = *MakeHttpTransport(loop_, url, {.inline_limit = 1 << 20, .spool_dir = dir_});
  }
  /// Runs the loop until `done` or a generous deadline.
  bool Until(const std::function<bool()>& done, std::chrono::milliseconds most = 20s) {
    bool late = false;
    TimerId deadline = loop_.After("test", most, [&] {
      late = true;
      loop_.Stop();
    });
    std::function<void()> poll = [&] {
      if (done()) return loop_.Stop();
      tick_ = loop_.After("test", 1ms, poll);
    };
    poll();
    if (!done()) loop_.Run();
    loop_.Cancel(deadline);
    loop_.Cancel(tick_);
    return !late;
  }
  Result<Response> Call(Request request, std::chrono::milliseconds timeout = 20s) {
    std::optional<Result<Response>> answer;
    client_->Send(std::move(request), timeout, [&](Result<Response> r) { answer = std::move(r); });
    EXPECT_TRUE(Until([&] { return answer.has_value(); }));
    return *std::move(answer);
  }
  /// A raw TCP connection to the server.
  int Dial() {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(server_->port())};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    pollfd ready{fd, POLLOUT, 0};
    poll(&ready, 1, 5000);
    return fd;
  }
  /// Everything until the peer ends the connection (or `text` came).
  std::string ReadAll(int fd, const std::string& text = "\x01never") {
    std::string all;
    Until([&] {
      char buffer[65536];
      ssize_t n = recv(fd, buffer, sizeof buffer, 0);
      if (n > 0) all.append(buffer, static_cast<size_t>(n));
      return n == 0 || (n < 0 && errno != EAGAIN) || all.find(text) != std::string::npos;
    });
    return all;
  }
  static void Put(int fd, const std::string& text) {
    ASSERT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  AsioLoop loop_;
  std::string dir_;
  ServerOptions options_;
  std::function<Status(const Request&)> check_;
  Handler handler_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Transport> client_;
  std::string url_;
  TimerId tick_ = 0;
};

inline void Echo(Request request, std::shared_ptr<Responder> responder) {
  Response response;
  response.headers["X-Path"] = request.path;
  response.body = request.body;
  responder->Send(std::move(response));
}

}  // namespace rw::net::testing
