#include "executor/heartbeat.h"

namespace rw::executor {
namespace {
constexpr int64_t kWaitMs = 20000;
/// A command that is told again and again must not make a busy loop.
constexpr int64_t kLeastIntervalUs = 1'000'000;
constexpr int64_t kDefaultGraceMs = 10000;
}  // namespace

Heartbeat::Heartbeat(Context& context, ServerLink& server, std::string path,
                     std::function<void(std::chrono::milliseconds)> on_cancel)
    : context_(context),
      server_(server),
      path_(std::move(path)),
      on_cancel_(std::move(on_cancel)) {}

void Heartbeat::Beat() {
  json::Value body = json::Object();
  body.Set("state", state_).Set("wait_ms", kWaitMs);
  server_.Post(path_, body,
               lifetime_.Bind([this, asked = context_.clock.BootMicros()](
                                  const net::Response& response) { Answered(response, asked); }));
}

void Heartbeat::Answered(const net::Response& response, int64_t asked_at_us) {
  int64_t took = context_.clock.BootMicros() - asked_at_us;
  auto pause = std::chrono::microseconds(std::max<int64_t>(0, kLeastIntervalUs - took));
  context_.loop.After("heartbeat", pause, lifetime_.Bind([this] { Beat(); }));
  auto body = json::Parse(response.body.bytes);
  if (!body || !(*body)["commands"].is_array()) return;
  for (const json::Value& command : (*body)["commands"].as_array())
    if (command.StringOr("type") == "cancel")
      on_cancel_(std::chrono::milliseconds(command.IntOr("grace_ms", kDefaultGraceMs)));
}

}  // namespace rw::executor
