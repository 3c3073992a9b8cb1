#include "executor/log_shipper.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr size_t kMostBytes = 1 << 20;
constexpr auto kPollInterval = std::chrono::milliseconds(20);
/// How long a ship may take before newer bytes are previewed, and between previews.
constexpr auto kPreviewAfter = std::chrono::milliseconds(15);
}  // namespace

LogShipper::LogShipper(Context& context, ServerLink& server, Offsets& offsets, FileWatcher* watcher,
                       std::string run_id, std::string name, std::string path)
    : context_(context),
      server_(server),
      offsets_(offsets),
      watcher_(watcher),
      run_id_(std::move(run_id)),
      name_(std::move(name)),
      path_(std::move(path)),
      acked_(offsets.Get(Offsets::LogKey(name_))) {}

void LogShipper::Start() {
  if (watcher_ != nullptr) watch_ = watcher_->Watch(path_, lifetime_.Bind([this] { Pump(); }));
  if (!watch_) PollLater();
  Pump();
}

void LogShipper::PollLater() {
  context_.loop.After("log.poll", kPollInterval, lifetime_.Bind([this] {
    if (finishing_) return;
    Pump();
    PollLater();
  }));
}

Result<std::string> LogShipper::ReadFrom(uint64_t offset) {
  if (!file_) file_ = TRY(context_.fs.Open(path_, os::OpenMode::kRead));
  uint64_t size = TRY(file_->Size());
  if (size <= offset) return std::string();
  std::string bytes(std::min<uint64_t>(size - offset, kMostBytes), '\0');
  bytes.resize(TRY(file_->ReadAt(offset, std::span<char>(bytes))));
  return bytes;
}

std::string LogShipper::NewBytes(uint64_t offset) {
  auto bytes = ReadFrom(offset);
  if (bytes) return std::move(*bytes);
  if (bytes.error().code() != Code::kNotFound)
    LOG_WARN("log.not_read", {"path", path_}, {"error", bytes.error().message()});
  return {};
}

void LogShipper::Pump() {
  if (sending_) return;
  std::string bytes = NewBytes(acked_);
  if (!bytes.empty()) return Send(std::move(bytes));
  if (finishing_ && done_) std::exchange(done_, nullptr)();
}

net::Request LogShipper::RequestTo(const std::string& route, uint64_t offset,
                                   std::string bytes) const {
  net::Request request;
  request.method = "POST";
  request.path = "/api/v1/runs/" + PercentEncode(run_id_) + route;
  request.query = {{"name", name_}, {"offset", std::to_string(offset)}};
  request.headers["Content-Type"] = "application/octet-stream";
  request.body.bytes = std::move(bytes);
  return request;
}

void LogShipper::Send(std::string bytes) {
  sending_ = true;
  shown_ = acked_ + bytes.size();
  ++ships_;
  server_.Call(RequestTo("/logs", acked_, std::move(bytes)), std::chrono::seconds(30),
               lifetime_.Bind([this, at = acked_](const net::Response& response) {
                 sending_ = false;
                 Answered(at, response);
               }));
  PreviewLater();
}

void LogShipper::PreviewLater() {
  context_.loop.After("log.preview", kPreviewAfter, lifetime_.Bind([this, ship = ships_] {
    if (sending_ && ship == ships_) Preview();
  }));
}

void LogShipper::Preview() {
  std::string bytes = previewing_ ? std::string() : NewBytes(shown_);
  if (bytes.empty()) return PreviewLater();
  previewing_ = true;
  server_.Call(RequestTo("/logs/preview", shown_, std::move(bytes)), std::chrono::seconds(30),
               lifetime_.Bind([this, ship = ships_](const net::Response& response) {
                 previewing_ = false;
                 auto body = json::Parse(response.body.bytes);
                 int64_t shown = body ? body->IntOr("shown", -1) : -1;
                 // Not a byte more: the server has no room for previews, or knows of none.
                 if (ship != ships_ || shown <= static_cast<int64_t>(shown_)) return;
                 shown_ = static_cast<uint64_t>(shown);
                 PreviewLater();
               }),
               ServerLink::Patience::kUntilWord);
}

void LogShipper::Answered(uint64_t sent_at, const net::Response& response) {
  auto body = json::Parse(response.body.bytes);
  int64_t acked = body ? body->IntOr("acked", -1) : -1;
  // A gap (409) says where to go on, also when that is before what we had.
  bool moved = acked >= 0 && static_cast<uint64_t>(acked) != sent_at;
  if (!moved) {
    LOG_WARN("log.refused", {"name", name_}, {"status", response.status});
    context_.loop.After("log.again", std::chrono::seconds(1), lifetime_.Bind([this] { Pump(); }));
    return;
  }
  acked_ = static_cast<uint64_t>(acked);
  offsets_.Set(Offsets::LogKey(name_), acked_);
  Pump();
}

void LogShipper::Finish(Task done) {
  finishing_ = true;
  watch_.reset();
  done_ = std::move(done);
  Pump();
}

}  // namespace rw::executor
