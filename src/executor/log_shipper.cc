#include "executor/log_shipper.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr size_t kMostBytes = 1 << 20;
constexpr auto kPollInterval = std::chrono::milliseconds(20);
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

Result<std::string> LogShipper::ReadNew() {
  if (!file_) file_ = TRY(context_.fs.Open(path_, os::OpenMode::kRead));
  uint64_t size = TRY(file_->Size());
  if (size <= acked_) return std::string();
  std::string bytes(std::min<uint64_t>(size - acked_, kMostBytes), '\0');
  bytes.resize(TRY(file_->ReadAt(acked_, std::span<char>(bytes))));
  return bytes;
}

void LogShipper::Pump() {
  if (sending_) return;
  auto bytes = ReadNew();
  if (!bytes) {
    if (bytes.error().code() != Code::kNotFound)
      LOG_WARN("log.not_read", {"path", path_}, {"error", bytes.error().message()});
    bytes = std::string();
  }
  if (!bytes->empty()) return Send(std::move(*bytes));
  if (finishing_ && done_) std::exchange(done_, nullptr)();
}

void LogShipper::Send(std::string bytes) {
  sending_ = true;
  net::Request request;
  request.method = "POST";
  request.path = "/api/v1/runs/" + PercentEncode(run_id_) + "/logs";
  request.query = {{"name", name_}, {"offset", std::to_string(acked_)}};
  request.headers["Content-Type"] = "application/octet-stream";
  request.body.bytes = std::move(bytes);
  server_.Call(std::move(request), std::chrono::seconds(30),
               lifetime_.Bind([this, at = acked_](net::Response response) {
                 sending_ = false;
                 Answered(at, response);
               }));
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
