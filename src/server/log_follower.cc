#include "server/log_follower.h"

#include "base/strings.h"

namespace rw::server {
namespace {

constexpr size_t kPieceBytes = 128 << 10;
constexpr auto kPing = std::chrono::seconds(15);
/// Between pieces of a long catch-up: the connection drains while other work is done.
constexpr auto kCatchUpPause = std::chrono::milliseconds(1);

std::string EventText(std::string_view event, const json::Value& data) {
  std::string text = "event: ";
  text.append(event).append("\ndata: ").append(json::Write(data)).append("\n\n");
  return text;
}

}  // namespace

LogFollower::LogFollower(RunService& service, FollowRequest request,
                         std::shared_ptr<net::StreamSink> sink)
    : service_(service), request_(std::move(request)), sink_(std::move(sink)) {}

void LogFollower::Start(RunService& service, FollowRequest request, net::Responder& responder) {
  net::Response head;
  head.headers["Content-Type"] = "text/event-stream";
  head.headers["Cache-Control"] = "no-store";
  auto sink = responder.Stream(std::move(head));
  if (!sink) return;
  std::shared_ptr<LogFollower> self(new LogFollower(service, std::move(request), sink));
  // The subscription and the timer keep it; Stop lets go of both.
  sink->OnClosed([weak = std::weak_ptr(self)] {
    if (auto follower = weak.lock()) follower->Stop();
  });
  self->subscription_ = service.context().events.Subscribe(
      self->request_.run_id, [self](const RunEvent& event) { self->OnEvent(event); });
  self->SchedulePing();
  self->SendStatus();
  self->Pump();
}

void LogFollower::OnEvent(const RunEvent& event) {
  if (event.kind == RunEvent::Kind::kStatus) SendStatus();
  if (event.kind == RunEvent::Kind::kLog || event.kind == RunEvent::Kind::kStatus) Pump();
}

void LogFollower::SendStatus() {
  if (!sink_) return;
  ServerContext& context = service_.context();
  auto run = meta::FindRun(context.read, request_.run_id);
  if (!run || !*run) return Stop();
  json::Value data = json::Object();
  data.Set("status", model::StatusName((*run)->state.status));
  json::Value shown = json::Object();
  service_.FillWaiting(**run, shown);
  const model::Reason& reason = (*run)->state.reason;
  if (shown["reason"].is_object()) {
    data = shown;
  } else if (!reason.text.empty()) {
    json::Value text = json::Object();
    data.Set("reason", text.Set("text", reason.text));
  }
  over_ = model::IsTerminal((*run)->state.status);
  std::string text = EventText("status", data);
  if (text == last_status_) return;
  last_status_ = text;
  Write(std::move(text));
}

void LogFollower::Pump() {
  if (!sink_ || pump_planned_) return;
  auto sizes = service_.logs().Sizes(request_.run_id);
  if (!sizes) return Stop();
  bool more = false;
  for (const LogSize& log : *sizes) {
    if (request_.name && log.name != *request_.name) continue;
    // Files that the script streams through ./logs (binary ones too) are for who asks for them.
    if (!request_.name && log.name.starts_with("logs/")) continue;
    if (!SendPiece(log, &more)) return;
  }
  if (more) return PumpLater(kCatchUpPause);
  if (!over_ && request_.follow) return;
  auto run = meta::FindRun(service_.context().read, request_.run_id);
  json::Value data = json::Object();
  if (run && *run) data.Set("status", model::StatusName((*run)->state.status));
  Write(EventText("end", data));
  auto sink = sink_;
  Stop();
  if (sink) sink->Close();
}

void LogFollower::PumpLater(std::chrono::microseconds delay) {
  pump_planned_ = true;
  service_.context().loop.After("log.catch_up", delay, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->pump_planned_ = false;
    self->Pump();
  });
}

bool LogFollower::SendPiece(const LogSize& log, bool* more) {
  int64_t& at = request_.from[log.name];
  if (at >= log.size) return true;
  auto bytes = service_.logs().Read(request_.run_id, log.name, at, kPieceBytes);
  if (!bytes || bytes->empty()) return true;
  json::Value data = json::Object();
  data.Set("name", log.name).Set("offset", at).Set("bytes", Base64Encode(*bytes));
  at += static_cast<int64_t>(bytes->size());
  if (at < log.size) *more = true;
  return Write(EventText("log", data));
}

bool LogFollower::Write(std::string text) {
  if (!sink_) return false;
  if (sink_->Write(std::move(text))) return true;
  Stop();
  return false;
}

void LogFollower::SchedulePing() {
  ping_ = service_.context().loop.After("log.ping", kPing, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self || !self->Write(": ping\n\n")) return;
    self->SchedulePing();
  });
}

void LogFollower::Stop() {
  auto keep = shared_from_this();
  sink_.reset();
  if (ping_ != 0) service_.context().loop.Cancel(ping_);
  ping_ = 0;
  subscription_.reset();
  if (over_) service_.logs().Close(request_.run_id);
}

}  // namespace rw::server
