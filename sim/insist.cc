#include "sim/insist.h"

namespace rw::sim {
namespace {
constexpr std::chrono::milliseconds kTimeout{500};
constexpr std::chrono::milliseconds kPause{100};
}  // namespace

net::Request Insist::RequestOf(const std::string& method, const std::string& target,
                               std::string body) {
  net::Request request;
  request.method = method;
  CHECK(request.SetTarget(target));
  request.headers["Authorization"] = "Bearer " + token_;
  request.body.bytes = std::move(body);
  return request;
}

void Insist::Once(const std::string& method, const std::string& target, std::string body,
                  std::function<void(Result<net::Response>)> then) {
  transport_->Send(RequestOf(method, target, std::move(body)), kTimeout, std::move(then));
}

void Insist::Ask(const std::string& method, const std::string& target, std::string body,
                 Then then) {
  Once(method, target, body, [=, this](const Result<net::Response>& answer) {
    if (answer && answer->status < 500) return then(*answer);
    loop_.After("insist", kPause, [=, this] { Ask(method, target, body, then); });
  });
}

}  // namespace rw::sim
