#include "net/connection.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/clock.h"

namespace rw::net {
namespace {
constexpr int64_t kLingerMicros = 2'000'000;
/// Bodies in memory, of all connections together; above it they go to files.
constexpr uint64_t kHeldBudget = 8 << 20;
constexpr size_t kReadPiece = 64 << 10;

int64_t Now() { return SystemClock().BootMicros(); }

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
      if (shared_->held_bytes > kHeldBudget) {
        if (Status spilled = sink_->Spill(); !spilled) return Refuse(spilled.error());
        HoldBytes(sink_->held());
      }
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
    auto length = parser_->content_length();
    bool whole = parser_->done() || (length && *length <= in_.size());
    if (auto answer = shared_->early(request_, whole)) return Refuse(*std::move(answer));
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

}  // namespace rw::net
