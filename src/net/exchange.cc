#include "net/exchange.h"

#include <sys/socket.h>

#include <cerrno>
#include <limits>

#include "net/asio_loop.h"
#include "net/wire.h"

namespace rw::net {
namespace {
constexpr size_t kReadPiece = 64 << 10;
constexpr size_t kTurn = 1 << 20;

std::unique_ptr<MessageParser> NewParser(bool head_only) {
  auto parser = std::make_unique<MessageParser>(MessageParser::Kind::kResponse,
                                                std::numeric_limits<uint64_t>::max());
  if (head_only) parser->ExpectNoBody();
  return parser;
}
}  // namespace

Exchange::Exchange(AsioLoop& loop, std::unique_ptr<LoopSocket> socket, Events events)
    : loop_(loop),
      socket_(std::move(socket)),
      events_(std::make_shared<Events>(std::move(events))) {}

std::shared_ptr<Exchange> Exchange::Start(AsioLoop& loop, std::unique_ptr<LoopSocket> socket,
                                          const Url& url, const Request& request, Events events) {
  std::shared_ptr<Exchange> self(new Exchange(loop, std::move(socket), std::move(events)));
  Status ready = self->Prepare(url, request);
  loop.Post("net.exchange", [self, ready] {
    if (!ready) return self->End(ready);
    self->Send();
    self->Receive();
  });
  return self;
}

Status Exchange::Prepare(const Url& url, const Request& request) {
  head_only_ = request.method == "HEAD";
  parser_ = NewParser(head_only_);
  out_.Push(RequestHead(request, url, KeepAlive::kYes));
  return out_.Push(request.body);
}

void Exchange::Abandon() {
  events_.reset();
  if (socket_) socket_->Close();
}

void Exchange::Send() {
  if (!events_ || sending_failed_) return;
  auto again = [self = shared_from_this()] { self->Send(); };
  switch (out_.Flush(socket_->fd())) {
    case Outbox::Progress::kDone:
      return;
    case Outbox::Progress::kBlocked:
      return socket_->WhenWritable(again);
    case Outbox::Progress::kYield:
      return loop_.Post("net.send", again);
    case Outbox::Progress::kFailed:
      // The peer may have refused and closed: its answer, if there is one, is still to be read.
      sending_failed_ = true;
      return;
  }
}

void Exchange::Receive() {
  auto self = shared_from_this();
  size_t turn = 0;
  while (events_) {
    if (turn >= kTurn) return loop_.Post("net.receive", [self] { self->Receive(); });
    char buffer[kReadPiece];
    ssize_t n = recv(socket_->fd(), buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return socket_->WhenReadable([self] { self->Receive(); });
    if (n <= 0) return PeerEnded();
    received_ += static_cast<uint64_t>(n);
    turn += static_cast<size_t>(n);
    Take({buffer, static_cast<size_t>(n)});
  }
}

/// What is left over of one piece is seldom more than a part of a head: most are parsed in place.
void Exchange::Take(std::string_view bytes) {
  if (in_.empty()) {
    bytes.remove_prefix(Parse(bytes));
    in_ = bytes;
  } else {
    in_ += bytes;
    in_.erase(0, Parse(in_));
  }
}

size_t Exchange::Parse(const std::string_view bytes) {
  size_t done = 0;
  while (std::shared_ptr<Events> events = events_) {
    auto taken = parser_->Put(bytes.substr(done), piece_);
    if (!taken) {
      End(taken.error());
      break;
    }
    done += *taken;
    left_over_ = done < bytes.size();
    if (parser_->head_done() && !head_told_) {
      Response head = parser_->TakeResponseHead();
      if (head.status < 200) {  // 100 Continue and its like: the answer is still to come
        parser_ = NewParser(head_only_);
        continue;
      }
      head_told_ = true;
      events->on_head(std::move(head));
      if (!events_) break;
    }
    Status took = piece_.empty() ? Ok() : events->on_body(piece_);
    if (!took || parser_->done()) {
      End(took);
      break;
    }
    if (*taken == 0 || !left_over_) break;
  }
  return done;
}

void Exchange::PeerEnded() {
  Status whole = parser_->PutEnd();
  if (received_ == 0)
    whole = Error(Code::kUnavailable, "the connection was closed before an answer came");
  End(whole);
}

void Exchange::End(Status status) {
  if (!events_) return;
  std::shared_ptr<Events> events = std::move(events_);
  events_.reset();
  bool reusable = status && parser_->done() && parser_->keep_alive() && !left_over_ &&
                  out_.pending() == 0 && !sending_failed_;
  if (!reusable) {
    socket_->Close();
    socket_.reset();
  }
  events->on_end(std::move(status), std::move(socket_));
}

}  // namespace rw::net
