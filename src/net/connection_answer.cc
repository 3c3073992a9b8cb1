// The second half of a connection: handing requests over and sending answers and streams.
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/connection.h"
#include "net/wire.h"

namespace rw::net {
namespace {
constexpr uint64_t kStreamBound = 1 << 20;
constexpr uint64_t kLingerBytes = 4 << 20;
constexpr size_t kMostWhileStreaming = 64 << 10;

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

void Connection::OnWhole() {
  request_.body = sink_->Finish();
  sink_.reset();
  // Counted until the answer: the handler has it, or it waits in a queue.
  HoldBytes(request_.body.bytes.size());
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
  HoldBytes(0);
  uint64_t size = response.body.size();
  Outbox body;
  Status ready =
      head_only_ || HasNoBody(response.status) ? Ok() : body.Push(std::move(response.body));
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
  HoldBytes(0);
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
  while (in_.size() < kMostWhileStreaming) {
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
