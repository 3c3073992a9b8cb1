#include "net/connection.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/clock.h"
#include "base/log.h"
#include "net/wire.h"

namespace rw::net {
namespace {
constexpr uint64_t kStreamBound = 1 << 20;
constexpr uint64_t kLingerBytes = 4 << 20;
constexpr int64_t kLingerMicros = 2'000'000;
constexpr uint64_t kHeldBudget = 256 << 20;
constexpr size_t kReadPiece = 64 << 10;

int64_t Now() { return SystemClock().BootMicros(); }

class LiveSink final : public StreamSink {
 public:
  LiveSink(std::shared_ptr<Connection> connection, uint64_t exchange)
      : connection_(std::move(connection)), exchange_(exchange) {}
  ~LiveSink() override { connection_->EndStream(exchange_); }
  bool Write(std::string bytes) override { return connection_->Write(exchange_, bytes); }
  void Close() override { connection_->EndStream(exchange_); }
  void OnClosed(std::function<void()> callback) override {
    connection_->OnClosed(exchange_, std::move(callback));
  }
  uint64_t pending() const override { return connection_->pending(); }
  void OnDrained(std::function<void()> callback) override {
    connection_->OnDrained(exchange_, std::move(callback));
  }

 private:
  std::shared_ptr<Connection> connection_;
  uint64_t exchange_;
};

class LiveResponder final : public Responder {
 public:
  LiveResponder(std::shared_ptr<Connection> connection, uint64_t exchange)
      : connection_(std::move(connection)), exchange_(exchange) {}
  ~LiveResponder() override {
    if (!answered_)
      Send(ErrorResponse(Error(Code::kInternal, "the server dropped this request unanswered")));
  }
  void Send(Response response) override {
    CHECK(!answered_);
    answered_ = true;
    connection_->Send(exchange_, std::move(response));
  }
  std::shared_ptr<StreamSink> Stream(Response head) override {
    CHECK(!answered_);
    answered_ = true;
    connection_->BeginStream(exchange_, std::move(head));
    return std::make_shared<LiveSink>(connection_, exchange_);
  }

 private:
  std::shared_ptr<Connection> connection_;
  uint64_t exchange_;
  bool answered_ = false;
};
}  // namespace

Connection::Connection(std::shared_ptr<ServerShared> shared, std::unique_ptr<LoopSocket> socket,
                       std::string peer)
    : shared_(std::move(shared)), socket_(std::move(socket)), peer_(std::move(peer)) {}

void Connection::Start(std::string already_read) {
  in_ = std::move(already_read);
  Touch();
  Pump();
}

void Connection::Touch() { since_us_ = Now(); }

void Connection::HoldBytes(uint64_t bytes) {
  shared_->held_bytes += bytes - held_;
  held_ = bytes;
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  auto self = shared_from_this();
  state_ = State::kClosed;
  socket_->Close();
  out_.Clear();
  sink_.reset();
  HoldBytes(0);
  shared_->connections.erase(self);
  auto callback = std::move(on_closed_);
  on_closed_ = nullptr;
  on_drained_ = nullptr;
  if (callback) shared_->loop.Post("net.stream_closed", std::move(callback));
}

void Connection::CloseIfStuck(int64_t now_us, int64_t limit_us) {
  int64_t still = now_us - since_us_;
  switch (state_) {
    case State::kHead:
      if (still <= limit_us) return;
      if (in_.empty()) return Close();
      return Refuse(Error(Code::kDeadlineExceeded, "the request's head did not come in time"));
    case State::kBody:
      if (still > limit_us)
        Refuse(Error(Code::kDeadlineExceeded, "the request's body did not come in time"));
      return;
    case State::kSending:
    case State::kStreaming:
      if (still > limit_us && out_.pending() > 0) Close();
      return;
    case State::kLingering:
      if (still > std::min(limit_us, kLingerMicros)) Close();
      return;
    case State::kHandling:
    case State::kClosed:
      return;
  }
}

/// Runs steps until nothing moves. An answer that comes from within a step only asks for one more
/// round, so that a long pipeline is a loop and not a recursion.
void Connection::Pump() {
  if (pumping_) {
    again_ = true;
    return;
  }
  auto self = shared_from_this();
  pumping_ = true;
  do {
    again_ = false;
    Step();
  } while (again_);
  pumping_ = false;
}

void Connection::Step() {
  if (state_ == State::kHead || state_ == State::kBody) TakeInput();
  if (state_ == State::kSending || state_ == State::kStreaming || out_.pending() > 0) Flush();
  if (state_ == State::kLingering) Linger();
}

bool Connection::Receive() {
  char buffer[kReadPiece];
  ssize_t n;
  do n = recv(socket_->fd(), buffer, sizeof buffer, 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    in_.append(buffer, static_cast<size_t>(n));
    return true;
  }
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    ReadWhenReady();
  } else {
    Close();
  }
  return false;
}

void Connection::ReadWhenReady() {
  if (read_armed_ || state_ == State::kClosed) return;
  read_armed_ = true;
  socket_->WhenReadable([self = shared_from_this()] {
    self->read_armed_ = false;
    if (self->state_ == State::kStreaming || self->state_ == State::kHandling)
      return self->WatchPeer();
    self->Pump();
  });
}

void Connection::TakeInput() {
  uint64_t turn = 0;
  while (state_ == State::kHead || state_ == State::kBody) {
    if (in_.empty()) {
      if (turn >= 4 * kReadPiece) {  // others have their turn
        shared_->loop.Post("net.read", [self = shared_from_this()] { self->Pump(); });
        return;
      }
      if (!Receive()) return;
      turn += in_.size();
    }
    if (!parser_) {
      parser_ = std::make_unique<MessageParser>(MessageParser::Kind::kRequest,
                                                shared_->options.body_limit);
      Touch();
    }
    if (state_ == State::kBody) Touch();
    auto taken = parser_->Put(in_, body_piece_);
    if (!taken) return Refuse(taken.error());
    in_.erase(0, *taken);
    if (state_ == State::kHead && parser_->head_done()) OnHead();
    if (state_ != State::kBody) {
      if (state_ == State::kHead && !in_.empty() && !Receive()) return;
      continue;
    }
    if (!body_piece_.empty()) {
      if (Status added = sink_->Add(body_piece_); !added) return Refuse(added.error());
      HoldBytes(sink_->held());
      if (shared_->held_bytes > kHeldBudget)
        return Refuse(Error(Code::kUnavailable, "the server is busy: too many bodies in memory"));
    }
    if (parser_->done()) {
      OnWhole();
    } else if (*taken == 0 && !in_.empty() && !Receive()) {
      return;
    }
  }
}

void Connection::OnHead() {
  auto head = parser_->TakeRequestHead();
  keep_alive_ = parser_->keep_alive() && !shared_->one_request;
  chunked_ = !parser_->http10();
  if (!head) return Refuse(head.error());
  request_ = *std::move(head);
  request_.peer = peer_;
  head_only_ = request_.method == "HEAD";
  if (shared_->early) {
    if (auto answer = shared_->early(request_)) return Refuse(*std::move(answer));
  }
  state_ = State::kBody;
  sink_ = std::make_unique<BodySink>(shared_->options.spool_dir, shared_->options.inline_limit);
  NoCaseLess less;
  std::string expect = request_.Header("Expect");
  if (!less(expect, "100-continue") && !less("100-continue", expect) && !parser_->done()) {
    out_.Push("HTTP/1.1 100 Continue\r\n\r\n");
    Flush();
  }
}

void Connection::OnWhole() {
  request_.body = sink_->Finish();
  sink_.reset();
  HoldBytes(0);
  parser_.reset();
  state_ = State::kHandling;
  uint64_t exchange = ++exchange_;
  auto responder = std::make_shared<LiveResponder>(shared_from_this(), exchange);
  Request request = std::move(request_);
  request_ = Request();
  shared_->handler(std::move(request), std::move(responder));
}

/// An answer of our own, after which the rest of what the peer sends is of no interest.
void Connection::Refuse(const Error& error) { Refuse(ErrorResponse(error)); }

void Connection::Refuse(Response response) {
  keep_alive_ = false;
  sink_.reset();
  HoldBytes(0);
  state_ = State::kHandling;
  Send(++exchange_, std::move(response));
}

void Connection::Send(uint64_t exchange, Response response) {
  if (exchange != exchange_ || state_ != State::kHandling) return;
  uint64_t size = response.body.size();
  Outbox body;
  Status ready = head_only_ || HasNoBody(response.status) ? Ok() : body.Push(response.body);
  if (!ready) {
    LOG_ERROR("net.body_lost", {"error", ready.error().message()});
    return Send(exchange, ErrorResponse(ready.error()));
  }
  out_.Push(ResponseHead(response, size, false, keep_alive_ ? KeepAlive::kYes : KeepAlive::kNo));
  out_.Append(std::move(body));
  after_ = keep_alive_ ? After::kNextRequest : After::kLinger;
  state_ = State::kSending;
  Touch();
  Pump();
}

bool Connection::BeginStream(uint64_t exchange, Response head) {
  if (exchange != exchange_ || state_ != State::kHandling) return false;
  if (!chunked_) keep_alive_ = false;  // HTTP/1.0: the end of the connection is the end of the body
  head.headers.try_emplace("Cache-Control", "no-store");
  out_.Push(
      ResponseHead(head, std::nullopt, chunked_, keep_alive_ ? KeepAlive::kYes : KeepAlive::kNo));
  state_ = State::kStreaming;
  Touch();
  WatchPeer();
  Flush();
  return true;
}

bool Connection::Write(uint64_t exchange, std::string_view bytes) {
  if (exchange != exchange_ || state_ != State::kStreaming) return false;
  if (bytes.empty() || head_only_) return true;
  if (out_.pending() == 0) Touch();
  out_.Push(chunked_ ? Chunk(bytes) : std::string(bytes));
  Flush();
  if (out_.pending() > kStreamBound) Close();
  return state_ == State::kStreaming;
}

void Connection::EndStream(uint64_t exchange) {
  if (exchange != exchange_ || state_ != State::kStreaming) return;
  if (chunked_ && !head_only_) out_.Push("0\r\n\r\n");
  on_closed_ = nullptr;
  on_drained_ = nullptr;
  after_ = keep_alive_ ? After::kNextRequest : After::kLinger;
  state_ = State::kSending;
  Pump();
}

void Connection::OnClosed(uint64_t exchange, std::function<void()> callback) {
  if (exchange != exchange_) return;
  if (state_ == State::kStreaming) {
    on_closed_ = std::move(callback);
  } else if (state_ == State::kClosed) {
    shared_->loop.Post("net.stream_closed", std::move(callback));
  }
}

/// While a stream is open nothing is expected from the peer but its end.
void Connection::WatchPeer() {
  if (state_ != State::kStreaming || read_armed_) return;
  while (in_.size() < kReadPiece) {
    if (!Receive()) return;
  }
  Close();  // a peer that talks on and on while it should listen
}

void Connection::Flush() {
  if (state_ == State::kClosed || write_armed_) return;
  uint64_t before = out_.sent();
  Outbox::Progress progress = out_.Flush(socket_->fd());
  if (out_.sent() != before) Touch();
  auto again = [self = shared_from_this()] {
    self->write_armed_ = false;
    self->Pump();
  };
  switch (progress) {
    case Outbox::Progress::kFailed:
      return Close();
    case Outbox::Progress::kBlocked:
      write_armed_ = true;
      return socket_->WhenWritable(again);
    case Outbox::Progress::kYield:
      write_armed_ = true;
      return shared_->loop.Post("net.write", again);
    case Outbox::Progress::kDone:
      if (state_ == State::kSending) Sent();
      if (state_ == State::kStreaming && on_drained_) Drained();
      return;
  }
}

void Connection::OnDrained(uint64_t exchange, std::function<void()> callback) {
  if (exchange != exchange_ || state_ != State::kStreaming) return;
  on_drained_ = std::move(callback);
  if (out_.pending() == 0) Drained();
}

/// By way of the loop: the callback writes again, and may do so for long.
void Connection::Drained() {
  shared_->loop.Post("net.drained", [self = shared_from_this(), callback = std::move(on_drained_),
                                     exchange = exchange_] {
    if (exchange == self->exchange_ && self->state_ == State::kStreaming) callback();
  });
  on_drained_ = nullptr;
}

void Connection::Sent() {
  Touch();
  exchange_++;
  if (after_ == After::kNextRequest) {
    state_ = State::kHead;
  } else {
    // Closing with bytes unread would reset the connection and might take our answer with it.
    shutdown(socket_->fd(), SHUT_WR);
    state_ = State::kLingering;
  }
  Pump();
}

void Connection::Linger() {
  while (state_ == State::kLingering) {
    in_.clear();
    if (!Receive()) return;
    lingered_ += in_.size();
    if (lingered_ > kLingerBytes) Close();
  }
}

}  // namespace rw::net
