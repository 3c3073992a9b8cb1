#include "sim/asker.h"

#include <optional>

namespace rw::sim {
namespace {

class Keep final : public net::Responder {
 public:
  explicit Keep(std::shared_ptr<std::optional<net::Response>> slot) : slot_(std::move(slot)) {}
  void Send(net::Response response) override { *slot_ = std::move(response); }
  std::shared_ptr<net::StreamSink> Stream(net::Response head) override {
    *slot_ = std::move(head);
    return nullptr;
  }

 private:
  std::shared_ptr<std::optional<net::Response>> slot_;
};

}  // namespace

Result<net::Response> Asker::Ask(std::string method, std::string target, json::Value body) {
  if (!port_.alive || !*port_.alive) return Error(Code::kUnavailable, "server is down");
  net::Request request;
  request.method = std::move(method);
  TRY(request.SetTarget(target));
  request.headers["Authorization"] = "Bearer " + token_;
  if (!body.is_null()) {
    request.headers["Content-Type"] = "application/json";
    request.body.bytes = json::Write(body);
  }
  auto slot = std::make_shared<std::optional<net::Response>>();
  port_.handler(std::move(request), std::make_shared<Keep>(slot));
  int64_t until = world_.now() + 60'000'000;
  while (!*slot && port_.alive && *port_.alive && world_.Step(until)) {
  }
  if (!*slot) return Error(Code::kUnavailable, "no answer");
  if ((*slot)->status >= 400) return net::ErrorOf(**slot);
  return std::move(**slot);
}

Result<json::Value> Asker::AskJson(std::string method, std::string target, json::Value body) {
  net::Response response = TRY(Ask(std::move(method), std::move(target), std::move(body)));
  return json::Parse(response.body.bytes);
}

Result<std::string> Asker::AskBytes(std::string target) {
  net::Response response = TRY(Ask("GET", std::move(target)));
  if (!response.body.file) return std::move(response.body.bytes);
  auto file = TRY(disk_.fs().Open(response.body.file->path(), os::OpenMode::kRead));
  std::string bytes(response.body.file->size(), '\0');
  bytes.resize(TRY(file->ReadAt(response.body.file->offset(), bytes)));
  return bytes;
}

}  // namespace rw::sim
