#include "net/client.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <list>
#include <set>

#include "base/strings.h"
#include "net/asio_loop.h"
#include "net/body_sink.h"
#include "net/dial.h"
#include "net/exchange.h"

namespace rw::net {
namespace {
constexpr size_t kIdleConnections = 8;

class Call;

/// A kept-alive socket shows bytes or its end only when it can no longer be used.
bool IsFresh(int fd) {
  char byte;
  ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

struct Pool {
  AsioLoop& loop;
  Url url;
  TransportOptions options;
  std::list<std::unique_ptr<LoopSocket>> idle;
  std::set<std::shared_ptr<Call>> calls;

  std::unique_ptr<LoopSocket> Take() {
    while (!idle.empty()) {
      auto socket = std::move(idle.front());
      idle.pop_front();
      if (IsFresh(socket->fd())) return socket;
    }
    return nullptr;
  }
  void Give(std::unique_ptr<LoopSocket> socket) {
    idle.push_front(std::move(socket));
    if (idle.size() > kIdleConnections) idle.pop_back();
  }
};

bool IsIdempotent(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

/// One Send: a connection, the exchange on it, and a second try when a kept-alive connection was
/// stale.
class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<Pool> pool, Request request, Transport::Callback callback)
      : pool_(std::move(pool)), request_(std::move(request)), callback_(std::move(callback)) {}

  void Begin(std::chrono::milliseconds timeout) {
    auto self = shared_from_this();
    if (timeout.count() > 0) {
      timer_ = pool_->loop.After("net.call_timeout", timeout, [self, timeout] {
        self->timer_ = 0;
        self->Finish(Error(Code::kUnavailable, self->pool_->url.Authority() + " did not answer " +
                                                   self->request_.method + " " +
                                                   self->request_.path + " within " +
                                                   std::to_string(timeout.count()) + " ms"));
      });
    }
    if (auto socket = pool_->Take()) {
      reused_ = true;
      return Run(std::move(socket));
    }
    Connect();
  }
  void Abandon() {
    callback_ = nullptr;
    if (timer_ != 0) pool_->loop.Cancel(timer_);
    timer_ = 0;
    dial_.reset();
    if (exchange_) exchange_->Abandon();
  }

 private:
  void Connect() {
    reused_ = false;
    dial_ = Dial::Start(pool_->loop, pool_->url, [self = shared_from_this()](auto socket) {
      if (!socket) return self->Finish(socket.error());
      self->Run(*std::move(socket));
    });
  }

  void Run(std::unique_ptr<LoopSocket> socket) {
    auto self = shared_from_this();
    response_ = Response();
    sink_ = std::make_unique<BodySink>(pool_->options.spool_dir, pool_->options.inline_limit);
    exchange_ = Exchange::Start(
        pool_->loop, std::move(socket), pool_->url, request_,
        {[self](Response head) {
           self->response_ = std::move(head);
           self->sink_->Expect(ParseInt(self->response_.headers["Content-Length"]).value_or(0));
         },
         [self](std::string& piece) { return self->sink_->Add(piece); },
         [self](Status end, std::unique_ptr<LoopSocket> kept) {
           self->Ended(std::move(end), std::move(kept));
         }});
  }

  void Ended(Status end, std::unique_ptr<LoopSocket> kept) {
    if (kept) pool_->Give(std::move(kept));
    if (end) {
      response_.body = sink_->Finish();
      return Finish(std::move(response_));
    }
    bool harmless = IsIdempotent(request_.method) || exchange_->unsent();
    if (reused_ && exchange_->unanswered() && harmless) return Connect();
    Finish(std::move(end).error().WithContext(pool_->url.Authority()));
  }

  void Finish(Result<Response> result) {
    if (!callback_) return;
    auto self = shared_from_this();
    Transport::Callback callback = std::move(callback_);
    Abandon();
    pool_->calls.erase(self);
    callback(std::move(result));
  }

  std::shared_ptr<Pool> pool_;
  Request request_;
  Transport::Callback callback_;
  TimerId timer_ = 0;
  bool reused_ = false;
  std::unique_ptr<Dial> dial_;
  std::shared_ptr<Exchange> exchange_;
  Response response_;
  std::unique_ptr<BodySink> sink_;
};

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
  ~HttpTransport() override {
    auto calls = std::move(pool_->calls);
    for (const auto& call : calls) call->Abandon();
    pool_->idle.clear();
  }
  void Send(Request request, std::chrono::milliseconds timeout, Callback callback) override {
    auto call = std::make_shared<Call>(pool_, std::move(request), std::move(callback));
    pool_->calls.insert(call);
    call->Begin(timeout);
  }

 private:
  std::shared_ptr<Pool> pool_;
};
}  // namespace

Result<std::unique_ptr<Transport>> MakeHttpTransport(AsioLoop& loop, const std::string& url,
                                                     TransportOptions options) {
  if (options.spool_dir.empty()) {
    const char* tmp = std::getenv("TMPDIR");
    options.spool_dir = tmp != nullptr && *tmp != '\0' ? tmp : "/tmp";
  }
  auto pool = std::make_shared<Pool>(Pool{loop, TRY(ParseUrl(url)), std::move(options), {}, {}});
  return std::make_unique<HttpTransport>(std::move(pool));
}

}  // namespace rw::net
