#include "meta/metric_reader.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <queue>

namespace rw::meta {
namespace {

using Shifts = std::map<std::string, int64_t>;  // by boot id

/// The segments of one writer, and where the merge stands in them.
class Stream {
 public:
  Stream(std::string writer, db::Statement rows)
      : writer_(std::move(writer)), rows_(std::move(rows)) {}

  /// To the next segment that has points; false at the end.
  Result<bool> Load(const MetricRef& metric, const Shifts& shifts,
                    std::vector<DamagedSegment>* damaged) {
    while (TRY(rows_.Step())) {
      auto opened = Segment::Open(rows_.View(2));
      if (!opened) {
        if (damaged == nullptr) continue;
        damaged->push_back(
            {metric.name, writer_, rows_.Int(0), rows_.Int(1), opened.error().message()});
        continue;
      }
      segment_ = *std::move(opened);
      at_ = 0;
      auto shift = shifts.find(segment_.boot_id());
      shift_ = shift == shifts.end() ? 0 : shift->second;
      if (segment_.count() > 0) return true;
    }
    return false;
  }

  const Segment& segment() const { return segment_; }
  size_t at() const { return at_; }
  bool at_end() const { return at_ == segment_.count(); }
  /// A clock that went back within a writer must not let others overtake what it wrote before.
  int64_t Time() const { return std::max(latest_, segment_.Boot(at_) + shift_); }

  /// Ends where another stream's turn comes: at the first point that is later than `until` (or as
  /// late, with `ties_end`).
  size_t Advance(int64_t until, bool ties_end) {
    do {
      latest_ = Time();
      at_++;
    } while (!at_end() && (ties_end ? Time() < until : Time() <= until));
    return at_;
  }
  void AdvanceToEnd() { at_ = segment_.count(); }

 private:
  std::string writer_;
  db::Statement rows_;
  Segment segment_;
  size_t at_ = 0;
  int64_t shift_ = 0;
  int64_t latest_ = std::numeric_limits<int64_t>::min();
};

Result<std::deque<Stream>> OpenStreams(db::Connection& db, int64_t metric_id) {
  auto writers = TRY(db.Prepare(
      "SELECT DISTINCT writer FROM metric_segments WHERE metric_id = ? ORDER BY writer"));
  writers.Bind(metric_id);
  std::deque<Stream> streams;
  while (TRY(writers.Step())) {
    auto rows =
        TRY(db.Prepare("SELECT first_seq, count, data FROM metric_segments"
                       " WHERE metric_id = ? AND writer = ? ORDER BY first_seq"));
    rows.Bind(metric_id).Bind(writers.View(0));
    streams.emplace_back(writers.Text(0), std::move(rows));
  }
  return streams;
}

Result<Shifts> SmallestShifts(db::Connection& db, int64_t metric_id) {
  auto rows = TRY(db.Prepare("SELECT data FROM metric_segments WHERE metric_id = ?"));
  rows.Bind(metric_id);
  Shifts shifts;
  while (TRY(rows.Step())) {
    auto segment = Segment::Open(rows.View(0));
    if (!segment || segment->boot_id().empty() || segment->count() == 0) continue;
    auto [at, added] = shifts.emplace(segment->boot_id(), segment->least_shift());
    if (!added) at->second = std::min(at->second, segment->least_shift());
  }
  return shifts;
}

/// Streams that have points left, the one whose turn it is on top.
class Turns {
 public:
  void Add(const Stream& stream, size_t index) { next_.emplace(stream.Time(), index); }
  bool empty() const { return next_.empty(); }
  size_t Take() {
    size_t index = next_.top().second;
    next_.pop();
    return index;
  }
  const std::pair<int64_t, size_t>& top() const { return next_.top(); }

 private:
  using Turn = std::pair<int64_t, size_t>;  // time, stream
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> next_;
};

Status VisitOne(Stream& stream, const MetricRef& metric, std::vector<DamagedSegment>* damaged,
                const VisitPoints& visit) {
  while (TRY(stream.Load(metric, {}, damaged))) {
    TRY(visit(stream.segment(), 0, stream.segment().count()));
  }
  return Ok();
}

}  // namespace

Result<std::vector<MetricRef>> FindMetrics(db::Connection& db, int64_t run_row,
                                           const std::optional<std::string>& name) {
  auto rows = TRY(db.Prepare(
      "SELECT id, name, type FROM metrics WHERE run_row = ?1 AND (?2 IS NULL OR name = ?2)"
      " ORDER BY name"));
  rows.Bind(run_row).Bind(name);
  std::vector<MetricRef> metrics;
  while (TRY(rows.Step())) metrics.push_back({rows.Int(0), rows.Text(1), rows.Text(2)});
  return metrics;
}

Status VisitMetric(db::Connection& db, const MetricRef& metric,
                   std::vector<DamagedSegment>* damaged, const VisitPoints& visit) {
  auto streams = TRY(OpenStreams(db, metric.id));
  if (streams.size() == 1) return VisitOne(streams[0], metric, damaged, visit);
  Shifts shifts = TRY(SmallestShifts(db, metric.id));
  Turns turns;
  for (size_t i = 0; i < streams.size(); i++) {
    if (TRY(streams[i].Load(metric, shifts, damaged))) turns.Add(streams[i], i);
  }
  while (!turns.empty()) {
    size_t index = turns.Take();
    Stream& stream = streams[index];
    size_t begin = stream.at();
    if (turns.empty()) {
      stream.AdvanceToEnd();
    } else {
      stream.Advance(turns.top().first, turns.top().second < index);
    }
    TRY(visit(stream.segment(), begin, stream.at()));
    if (!stream.at_end() || TRY(stream.Load(metric, shifts, damaged))) turns.Add(stream, index);
  }
  return Ok();
}

}  // namespace rw::meta
