#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <optional>

#include "base/hash.h"
#include "net/asio_loop.h"
#include "net/client.h"
#include "net/relay.h"
#include "net/server.h"
#include "net/sse_parser.h"
#include "net/url.h"
#include "os/file_system.h"

namespace rw::net {
namespace {
using namespace std::chrono_literals;

TEST(Message, TargetsAreParsedAndWritten) {
  Request request;
  ASSERT_TRUE(request.SetTarget("/api/v1/runs/a%2Fb?name=x+y&name=z&flag&empty="));
  EXPECT_EQ(*request.Segments(), (std::vector<std::string>{"api", "v1", "runs", "a/b"}));
  EXPECT_EQ(request.QueryAll("name"), (std::vector<std::string>{"x y", "z"}));
  EXPECT_EQ(request.Query("flag"), "");
  EXPECT_EQ(request.Query("none"), std::nullopt);
  EXPECT_EQ(request.Target(), "/api/v1/runs/a%2Fb?name=x%20y&name=z&flag=&empty=");
  EXPECT_TRUE(request.SetTarget("http://host:1/p?q=1"));
  EXPECT_EQ(request.path, "/p");
  EXPECT_FALSE(request.SetTarget("relative"));
  EXPECT_FALSE(request.SetTarget("/x?a=%zz"));
  request.path = "/bad%2";
  EXPECT_FALSE(request.Segments());
  request.path = "/a b\r\nInjected: 1";
  EXPECT_EQ(request.Target().find('\n'), std::string::npos);
}

TEST(Message, ErrorsTravel) {
  Error error(Code::kConflict, "it exists", "name");
  Error back = ErrorOf(ErrorResponse(error));
  EXPECT_EQ(back.code(), Code::kConflict);
  EXPECT_EQ(back.message(), "it exists");
  EXPECT_EQ(back.field(), "name");
  EXPECT_EQ(ErrorOf(Response{.status = 404}).code(), Code::kNotFound);
  EXPECT_EQ(ErrorOf(ErrorResponse(Error(Code::kCorrupt, "x"))).code(), Code::kCorrupt);
  Headers headers{{"Content-Type", "a"}};
  EXPECT_EQ(headers.count("content-TYPE"), 1u);
}

TEST(Message, Urls) {
  EXPECT_EQ(ParseUrl("http://[::1]:80/x/")->Authority(), "[::1]:80");
  EXPECT_EQ(ParseUrl("http://[::1]:80/x/")->prefix, "/x");
  EXPECT_EQ(ParseUrl("unix:/a/b")->unix_path, "/a/b");
  EXPECT_EQ(ParseUrl("http://h")->port, 80);
  for (const char* bad : {"", "h:1", "http://", "http://h:99999", "unix:rel", "http://h:x"})
    EXPECT_FALSE(ParseUrl(bad)) << bad;
  EXPECT_EQ(ParseUrl("https://h").error().code(), Code::kUnsupported);
}

TEST(Message, ServerSentEventsInAnyPieces) {
  std::string text = "event: log\r\nid: 7\r\ndata: a\r\ndata: b\r\n\r\n: ping\n\ndata:c\n\n";
  for (size_t step = 1; step <= text.size(); step++) {
    std::string seen;
    SseParser parser([&](const std::string& e, const std::string& id, const std::string& data) {
      seen += e + "/" + id + "/" + data + ";";
      return true;
    });
    for (size_t at = 0; at < text.size(); at += step)
      ASSERT_TRUE(*parser.Put(std::string_view(text).substr(at, step)));
    EXPECT_EQ(seen, "log/7/a\nb;message/7/c;") << step;
  }
}

/// A loop, a server whose behaviour a test sets, and a client.
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

void Echo(Request request, std::shared_ptr<Responder> responder) {
  Response response;
  response.headers["X-Path"] = request.path;
  response.body = request.body;
  responder->Send(std::move(response));
}

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
