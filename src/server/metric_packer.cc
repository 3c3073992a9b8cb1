#include "server/metric_packer.h"

#include "base/log.h"
#include "meta/metric_packing.h"

namespace rw::server {
namespace {

/// The last words of a run come with its end.
constexpr auto kDelay = std::chrono::seconds(1);
/// Between two steps: packing is never in a hurry.
constexpr auto kPause = std::chrono::milliseconds(5);
/// After a full disk.
constexpr auto kAgain = std::chrono::seconds(30);

}  // namespace

MetricPacker::~MetricPacker() {
  *alive_ = false;
  if (waiting_) context_.loop.Cancel(timer_);
}

void MetricPacker::Note() {
  if (!waiting_ && !stepping_) Later(kDelay);
}

void MetricPacker::Later(std::chrono::microseconds delay) {
  waiting_ = true;
  timer_ = context_.loop.After("metrics.pack", delay, [this, alive = alive_] {
    if (!*alive) return;
    waiting_ = false;
    Step();
  });
}

void MetricPacker::Step() {
  auto due = meta::IsPackingDue(context_.read);
  if (due && !*due) return;
  stepping_ = true;
  auto more = std::make_shared<bool>(false);
  context_.writer.Submit(
      "metrics.pack",
      [more](db::Connection& db) -> Status {
        *more = TRY(meta::PackSome(db));
        return Ok();
      },
      [this, alive = alive_, more](const Status& status) {
        if (!*alive) return;
        stepping_ = false;
        if (!status) LOG_WARN("metrics.pack", {"error", status.error().message()});
        if (!status) return Later(kAgain);
        if (*more) Later(kPause);
      });
}

}  // namespace rw::server
