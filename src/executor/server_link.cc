#include "executor/server_link.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "model/protocol.h"

namespace rw::executor {
namespace {
using std::chrono::microseconds;
using std::chrono::milliseconds;
constexpr int64_t kFirstDelayMs = 10;
constexpr int64_t kLongestDelayMs = 1000;
}  // namespace

struct ServerLink::Pending {
  net::Request request;
  milliseconds timeout;
  Callback callback;
  Patience patience;
  int attempts = 0;
};

ServerLink::ServerLink(Context& context, TransportFactory factory, std::string url,
                       std::string endpoint_file)
    : context_(context),
      factory_(std::move(factory)),
      url_(std::move(url)),
      endpoint_file_(std::move(endpoint_file)) {}

void ServerLink::Authorize(const std::string& token, const std::string& allocation, int64_t fence) {
  credentials_["Authorization"] = "Bearer " + token;
  credentials_["Runwright-Allocation"] = allocation;
  credentials_["Runwright-Fence"] = std::to_string(fence);
}

void ServerLink::Call(net::Request request, milliseconds timeout, Callback callback,
                      Patience patience) {
  if (fenced_) return;
  auto pending = std::make_shared<Pending>(
      Pending{std::move(request), timeout, std::move(callback), patience});
  pending->request.headers[model::kProtocolHeader] = std::to_string(model::kExecutorProtocol);
  for (const auto& [name, value] : credentials_) pending->request.headers[name] = value;
  Send(std::move(pending));
}

void ServerLink::Post(const std::string& path, const json::Value& body, Callback callback,
                      Patience patience) {
  net::Request request;
  request.method = "POST";
  request.path = path;
  request.headers["Content-Type"] = "application/json";
  request.body.bytes = json::Write(body);
  Call(std::move(request), milliseconds(30000), std::move(callback), patience);
}

void ServerLink::Send(std::shared_ptr<Pending> pending) {
  if (fenced_) return;
  if (!transport_) {
    auto made = factory_(url_);
    if (!made) {
      LOG_WARN("server.bad_url", {"url", url_}, {"error", made.error().message()});
      return Park(std::move(pending));
    }
    transport_ = *made;
  }
  // The transport is kept by its own callback: an answer may come after the address changed.
  auto transport = transport_;
  transport->Send(pending->request, pending->timeout,
                  lifetime_.Bind([this, pending, transport](Result<net::Response> result) {
                    Answered(pending, std::move(result));
                  }));
}

bool ServerLink::IsFinal(const Pending& pending, int status) const {
  if (status >= 500 || status == 408 || status == 429) return false;
  bool stranger = status == 401 || status == 403 || status == 404;
  return !stranger || pending.patience == Patience::kUntilWord;
}

void ServerLink::Answered(const std::shared_ptr<Pending>& pending, Result<net::Response> result) {
  if (fenced_) return;
  if (!result) {
    away_ = true;
    ReadEndpoint();
    return Park(pending);
  }
  if (away_) {
    away_ = false;
    SendParked();
  }
  if (!credentials_.empty() && IsFenced(*result)) {
    fenced_ = true;
    LOG_WARN("server.fenced", {"path", pending->request.path});
    if (on_fenced_) on_fenced_();
    return;
  }
  if (!IsFinal(*pending, result->status)) {
    LOG_WARN("server.refused", {"path", pending->request.path}, {"status", result->status},
             {"error", ErrorOf(*result).message()});
    ReadEndpoint();
    return Park(pending);
  }
  pending->callback(std::move(*result));
}

void ServerLink::Park(std::shared_ptr<Pending> pending) {
  int64_t delay = kFirstDelayMs << std::min(pending->attempts++, 10);
  parked_.push_back(pending);
  context_.loop.After("server.again", milliseconds(std::min(delay, kLongestDelayMs)),
                      lifetime_.Bind([this, pending] {
                        auto at = std::find(parked_.begin(), parked_.end(), pending);
                        if (at == parked_.end()) return;
                        parked_.erase(at);
                        if (on_away_) on_away_();
                        Send(pending);
                      }));
}

void ServerLink::SendParked() {
  auto all = std::move(parked_);
  parked_.clear();
  for (auto& pending : all) {
    pending->attempts = 0;
    Send(std::move(pending));
  }
}

void ServerLink::ReadEndpoint() {
  if (endpoint_file_.empty()) return;
  auto text = os::ReadFile(context_.fs, endpoint_file_, 4096);
  if (!text) return;
  std::string url(Trim(*text));
  if (url.empty() || url == url_) return;
  LOG_INFO("server.moved", {"from", url_}, {"to", url});
  url_ = url;
  transport_.reset();
}

bool IsFenced(const net::Response& response) {
  if (response.status != 409) return false;
  auto body = json::Parse(response.body.bytes);
  if (!body) return false;
  const json::Value& error = (*body)["error"];
  return Lower(error.StringOr("code")) == "fenced" || error.StringOr("field") == "fence" ||
         body->BoolOr("fenced", false);
}

}  // namespace rw::executor
