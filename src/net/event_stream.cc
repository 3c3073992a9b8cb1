#include "net/asio_loop.h"
#include "net/client.h"
#include "net/dial.h"
#include "net/exchange.h"
#include "net/sse_parser.h"

namespace rw::net {
namespace {
/// The server pings every 15 s: three missed pings are a dead connection.
constexpr std::chrono::seconds kSilence{45};
constexpr size_t kErrorBody = 64 << 10;

class Follower : public std::enable_shared_from_this<Follower> {
 public:
  Follower(AsioLoop& loop, EventStream::OnEvent on_event, std::function<void(Status)> done)
      : loop_(loop), parser_(std::move(on_event)), done_(std::move(done)) {}

  void Begin(const std::string& url, Request request) {
    auto parsed = ParseUrl(url);
    if (!parsed) {
      loop_.Post("net.follow",
                 [self = shared_from_this(), error = parsed.error()] { self->Finish(error); });
      return;
    }
    request.headers["Accept"] = "text/event-stream";
    Listen();
    dial_ = Dial::Start(
        loop_, *parsed,
        [self = shared_from_this(), url = *parsed, request = std::move(request)](auto socket) {
          if (!socket) return self->Finish(socket.error());
          self->Run(*std::move(socket), url, request);
        });
  }

  void Stop() {
    done_ = nullptr;
    if (timer_ != 0) loop_.Cancel(timer_);
    timer_ = 0;
    dial_.reset();
    if (exchange_) exchange_->Abandon();
  }

 private:
  void Run(std::unique_ptr<LoopSocket> socket, const Url& url, const Request& request) {
    auto self = shared_from_this();
    exchange_ = Exchange::Start(
        loop_, std::move(socket), url, request,
        {[self](Response head) { self->head_ = std::move(head); },
         [self](std::string& piece) { return self->Take(piece); },
         [self](Status end, std::unique_ptr<LoopSocket>) { self->Ended(std::move(end)); }});
  }

  Status Take(std::string& piece) {
    std::string bytes = std::move(piece);
    piece.clear();
    Listen();
    if (head_.status != 200) {
      head_.body.bytes += bytes;
      if (head_.body.bytes.size() > kErrorBody) return ErrorOf(head_);
      return Ok();
    }
    auto more = parser_.Put(bytes);
    if (!more) return more.error();
    if (!*more) Finish(Ok());
    return Ok();
  }

  void Ended(Status end) {
    if (end && head_.status != 200) return Finish(ErrorOf(head_));
    Finish(std::move(end));
  }

  void Listen() {
    if (timer_ != 0) loop_.Cancel(timer_);
    if (!done_) return;
    timer_ = loop_.After("net.silence", kSilence, [self = shared_from_this()] {
      self->timer_ = 0;
      self->Finish(Error(Code::kUnavailable, "the event stream fell silent"));
    });
  }

  void Finish(Status status) {
    if (!done_) return;
    auto self = shared_from_this();
    auto done = std::move(done_);
    Stop();
    done(std::move(status));
  }

  AsioLoop& loop_;
  SseParser parser_;
  std::function<void(Status)> done_;
  TimerId timer_ = 0;
  std::unique_ptr<Dial> dial_;
  std::shared_ptr<Exchange> exchange_;
  Response head_;
};

class Handle final : public EventStream {
 public:
  explicit Handle(std::shared_ptr<Follower> follower) : follower_(std::move(follower)) {}
  ~Handle() override { follower_->Stop(); }

 private:
  std::shared_ptr<Follower> follower_;
};
}  // namespace

std::unique_ptr<EventStream> EventStream::Start(AsioLoop& loop, const std::string& url,
                                                Request request, OnEvent on_event,
                                                std::function<void(Status)> done) {
  auto follower = std::make_shared<Follower>(loop, std::move(on_event), std::move(done));
  follower->Begin(url, std::move(request));
  return std::make_unique<Handle>(std::move(follower));
}

}  // namespace rw::net
