#include "server/metric_sorter.h"

#include "base/log.h"
#include "meta/metric_order.h"

namespace rw::server {
namespace {

constexpr auto kDelay = std::chrono::seconds(2);
// Few enough that other writes wait some milliseconds at most.
constexpr int64_t kAtOnce = 2000;
// While values come faster than they are sorted, a list is as old as its call, not older.
constexpr int kMostSteps = 1000;

}  // namespace

MetricSorter::~MetricSorter() {
  *alive_ = false;
  if (waiting_) context_.loop.Cancel(timer_);
}

void MetricSorter::Note() {
  if (!waiting_) Later();
}

void MetricSorter::Later() {
  waiting_ = true;
  timer_ = context_.loop.After("metrics.sort", kDelay, [this, alive = alive_] {
    if (!*alive) return;
    waiting_ = false;
    Settle([] {});
  });
}

void MetricSorter::Settle(std::function<void()> then) {
  auto behind = meta::HasUnsortedMetrics(context_.read);
  if (behind && !*behind) return then();
  Step(std::move(then), kMostSteps);
}

void MetricSorter::Step(std::function<void()> then, int steps) {
  auto more = std::make_shared<bool>(false);
  context_.writer.Submit(
      "metrics.sort",
      [more](db::Connection& db) -> Status {
        *more = TRY(meta::SortMetrics(db, kAtOnce));
        return Ok();
      },
      [this, alive = alive_, more, steps, then = std::move(then)](Status status) mutable {
        if (!*alive) return;
        if (!status) {
          LOG_WARN("metrics.sort", {"error", status.error().message()});
          if (!waiting_) Later();
        }
        if (status && *more && steps > 1) return Step(std::move(then), steps - 1);
        then();
      });
}

}  // namespace rw::server
