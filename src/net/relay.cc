#include "net/relay.h"

#include <sys/socket.h>

#include <cerrno>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/strings.h"
#include "net/asio_loop.h"
#include "net/connection.h"
#include "net/dial.h"
#include "net/listener.h"
#include "net/url.h"

namespace rw::net {
namespace {
constexpr int kTurn = 16;  // pieces, then others have the loop
constexpr size_t kPiece = 64 << 10;
constexpr std::chrono::seconds kHeadTimeout{60};
constexpr std::chrono::seconds kLinger{2};
constexpr uint64_t kBodyMost = 1 << 20;

class Pipe;

struct RelayShared {
  AsioLoop& loop;
  RelayOptions options;
  std::set<std::shared_ptr<Pipe>> pipes;
  std::vector<std::weak_ptr<Connection>> local;  // connections whose request is answered here
};

/// A head with the fields of `set` in place of those it has; the other lines as they came.
std::string Rewrite(std::string_view head, const std::string& prefix, const Headers& set) {
  size_t line_end = head.find("\r\n");
  std::string out(head.substr(0, line_end));
  if (size_t space = out.find(' '); space != std::string::npos) out.insert(space + 1, prefix);
  out += "\r\n";
  std::string_view rest = head.substr(line_end + 2);
  while (!rest.empty()) {
    size_t end = rest.find("\r\n");
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    if (line.empty()) continue;
    if (!set.contains(Trim(line.substr(0, line.find(':'))))) out.append(line).append("\r\n");
  }
  for (const auto& [name, value] : set) out.append(name).append(": ").append(value).append("\r\n");
  return out + "\r\n";
}

/// One accepted connection and, once its head is known, the server's end.
class Pipe : public std::enable_shared_from_this<Pipe> {
 public:
  Pipe(std::shared_ptr<RelayShared> shared, std::unique_ptr<LoopSocket> client)
      : shared_(std::move(shared)), client_(std::move(client)) {}

  void Begin() {
    CloseAfter(kHeadTimeout);
    ReadHead();
  }

  void Close() {
    if (closed_) return;
    closed_ = true;
    auto self = shared_from_this();
    StopTimer();
    dial_.reset();
    if (client_) client_->Close();
    if (server_) server_->Close();
    shared_->pipes.erase(self);
  }

 private:
  /// One direction: `held` was read from the source and not yet written to the sink.
  struct Flow {
    std::string held;
    bool ended = false;      // the source sent its last byte
    bool passed_on = false;  // and the sink was told
    bool broken = false;     // the sink takes nothing more; what comes is discarded
  };

  void StopTimer() {
    if (timer_ != 0) shared_->loop.Cancel(timer_);
    timer_ = 0;
  }
  void CloseAfter(std::chrono::microseconds delay) {
    StopTimer();
    timer_ = shared_->loop.After("relay.close", delay, [self = shared_from_this()] {
      self->timer_ = 0;
      self->Close();
    });
  }

  void ReadHead() {
    while (!closed_) {
      char buffer[kPiece];
      ssize_t n = recv(client_->fd(), buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return client_->WhenReadable([self = shared_from_this()] { self->ReadHead(); });
      if (n <= 0) return Close();
      size_t from = in_.size() < 3 ? 0 : in_.size() - 3;
      in_.append(buffer, static_cast<size_t>(n));
      size_t end = in_.find("\r\n\r\n", from);
      if (end != std::string::npos) return Decide(end + 4);
      if (in_.size() > MessageParser::kHeadLimit) return Answer(std::nullopt, nullptr);
    }
  }

  void Decide(size_t head_size) {
    StopTimer();
    head_size_ = head_size;
    MessageParser parser(MessageParser::Kind::kRequest, ~uint64_t{0});
    std::string body;
    // A malformed head is refused by the server's own code, with the parser's words.
    if (!parser.Put(std::string_view(in_).substr(0, head_size), body) || !parser.head_done())
      return Answer(std::nullopt, nullptr);
    auto head = parser.TakeRequestHead();
    if (!head) return Answer(ErrorResponse(head.error()), nullptr);
    RelayDecision decision = shared_->options.decide(*head);
    if (auto* respond = std::get_if<Respond>(&decision))
      return Answer(std::move(respond->response), nullptr);
    if (auto* intercept = std::get_if<Intercept>(&decision))
      return Answer(std::nullopt, std::move(intercept->handler));
    set_ = std::move(std::get<Forward>(decision).set);
    DialServer();
  }

  /// Gives the connection, with what was read of it, to the code of HttpServer.
  void Answer(std::optional<Response> early, Handler handler) {
    auto server = std::make_shared<ServerShared>(ServerShared{
        .loop = shared_->loop, .options = {.inline_limit = kBodyMost, .body_limit = kBodyMost}});
    server->one_request = true;
    server->handler = std::move(handler);
    // What is answered from its head is refused as that answer says, however large it is.
    if (early) server->options.body_limit = ServerOptions().body_limit;
    if (early) server->early = [early = std::move(*early)](const Request&, bool) { return early; };
    auto connection = std::make_shared<Connection>(server, std::move(client_), "exec.sock");
    server->connections.insert(connection);
    std::erase_if(shared_->local, [](const auto& old) { return old.expired(); });
    shared_->local.push_back(connection);
    std::string read = std::move(in_);
    AsioLoop& loop = shared_->loop;
    Close();
    WatchStuck(loop, connection);
    connection->Start(std::move(read));
  }

  static void WatchStuck(AsioLoop& loop, std::weak_ptr<Connection> weak) {
    loop.After("relay.sweep", kHeadTimeout / 4, [&loop, weak] {
      auto connection = weak.lock();
      if (!connection) return;
      connection->CloseIfStuck(SystemClock().BootMicros(),
                               std::chrono::microseconds(kHeadTimeout).count());
      WatchStuck(loop, weak);
    });
  }

  void DialServer() {
    auto url = ParseUrl(shared_->options.server());
    if (!url) return Unreachable(url.error());
    dial_ = Dial::Start(shared_->loop, *url, [self = shared_from_this(), url = *url](auto socket) {
      if (!socket) return self->Unreachable(socket.error());
      self->Connected(*std::move(socket), url);
    });
  }

  void Unreachable(const Error& error) {
    Answer(ErrorResponse(Error(Code::kUnavailable,
                               "the Runwright server does not answer: " + error.message())),
           nullptr);
  }

  void Connected(std::unique_ptr<LoopSocket> socket, const Url& url) {
    server_ = std::move(socket);
    set_["Connection"] = "close";
    set_["Host"] = url.Authority();
    up_.held = Rewrite(std::string_view(in_).substr(0, head_size_), url.prefix, set_);
    up_.held.append(in_, head_size_);
    in_.clear();
    Pump(up_, *client_, *server_);
    Pump(down_, *server_, *client_);
  }

  void Pump(Flow& flow, LoopSocket& source, LoopSocket& sink) {
    auto again = [self = shared_from_this(), &flow, &source, &sink] {
      self->Pump(flow, source, sink);
    };
    for (int pieces = 0; !closed_; pieces++) {
      if (pieces == kTurn) return shared_->loop.Post("relay.pump", again);
      if (!flow.held.empty() && !Write(flow, sink)) return sink.WhenWritable(again);
      if (down_.broken) return Close();  // nobody is left to answer
      if (flow.ended) return PassEnd(flow, sink);
      char buffer[kPiece];
      ssize_t n = recv(source.fd(), buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return source.WhenReadable(again);
      if (n <= 0) flow.ended = true;
      if (n > 0 && !flow.broken) flow.held.assign(buffer, static_cast<size_t>(n));
    }
  }

  /// False: the sink is full for now.
  static bool Write(Flow& flow, LoopSocket& sink) {
    size_t at = 0;
    while (at < flow.held.size()) {
      ssize_t n = send(sink.fd(), flow.held.data() + at, flow.held.size() - at, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (n < 0) {
        flow.broken = true;
        at = flow.held.size();
        break;
      }
      at += static_cast<size_t>(n);
    }
    flow.held.erase(0, at);
    return flow.held.empty();
  }

  /// The answer's end ends the request. The client gets a moment to read what is there before its
  /// socket closes, since closing with its bytes unread would be an error to it.
  void PassEnd(Flow& flow, LoopSocket& sink) {
    if (!flow.passed_on) shutdown(sink.fd(), SHUT_WR);
    flow.passed_on = true;
    if (down_.passed_on && up_.passed_on) return Close();
    if (down_.passed_on) CloseAfter(kLinger);
  }

  std::shared_ptr<RelayShared> shared_;
  std::unique_ptr<LoopSocket> client_;
  std::unique_ptr<LoopSocket> server_;
  std::unique_ptr<Dial> dial_;
  TimerId timer_ = 0;
  bool closed_ = false;
  std::string in_;
  size_t head_size_ = 0;
  Headers set_;
  Flow up_;
  Flow down_;
};

class UnixRelay final : public Relay {
 public:
  UnixRelay(AsioLoop& loop, RelayOptions options)
      : shared_(new RelayShared{.loop = loop, .options = std::move(options)}) {}
  ~UnixRelay() override {  // NOLINT(bugprone-exception-escape): each pipe is owned by a pointer
    listener_.reset();
    auto pipes = std::move(shared_->pipes);
    for (const auto& pipe : pipes) pipe->Close();
    for (const auto& weak : shared_->local)
      if (auto connection = weak.lock()) connection->Close();
  }
  Status Open() {
    listener_ = TRY(Listener::Unix(shared_->loop, shared_->options.socket_path,
                                   [this](std::unique_ptr<LoopSocket> socket, const std::string&) {
                                     auto pipe = std::make_shared<Pipe>(shared_, std::move(socket));
                                     shared_->pipes.insert(pipe);
                                     pipe->Begin();
                                   }));
    return Ok();
  }

 private:
  std::shared_ptr<RelayShared> shared_;
  std::unique_ptr<Listener> listener_;
};
}  // namespace

Result<std::unique_ptr<Relay>> Relay::Listen(AsioLoop& loop, RelayOptions options) {
  auto relay = std::make_unique<UnixRelay>(loop, std::move(options));
  TRY(relay->Open());
  return relay;
}

}  // namespace rw::net
