#include <algorithm>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "json/text.h"
#include "meta/metric_text.h"

namespace rw::meta {
namespace {

struct Bucket {
  int64_t count = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  bool any = false;  // a number that is not NaN
  double last = 0;
  std::optional<int64_t> step;
  int64_t wall_us = 0;
};

/// Comparisons with NaN are false: it is neither.
void AddRange(const Segment& segment, size_t begin, size_t end, Bucket& bucket) {
  double least = bucket.min, most = bucket.max;
  bool any = bucket.any;
  const char* at = segment.numbers() + 8 * begin;
  for (size_t i = begin; i < end; i++, at += 8) {
    double value = 0;
    std::memcpy(&value, at, sizeof value);
    least = value < least ? value : least;
    most = value > most ? value : most;
    any |= value == value;
  }
  bucket.count += static_cast<int64_t>(end - begin);
  bucket.min = least;
  bucket.max = most;
  bucket.any = any;
  bucket.last = segment.Number(end - 1);
  bucket.step = segment.Step(end - 1);
  bucket.wall_us = segment.Wall(end - 1);
}

/// Divides `total` values among the buckets as they come.
class Divider {
 public:
  Divider(size_t total, size_t buckets) : total_(total), buckets_(buckets) {}

  void Add(const Segment& segment, size_t begin, size_t end) {
    while (begin < end) {
      size_t index = std::min(done_ * buckets_.size() / total_, buckets_.size() - 1);
      size_t upto = index + 1 == buckets_.size() ? SIZE_MAX : End(index);
      size_t part = std::min(end - begin, upto - done_);
      AddRange(segment, begin, begin + part, buckets_[index]);
      begin += part;
      done_ += part;
    }
  }
  std::vector<Bucket>& buckets() { return buckets_; }

 private:
  /// The first value that is not of this bucket: value v is of bucket v * buckets / total.
  size_t End(size_t index) const {
    return ((index + 1) * total_ + buckets_.size() - 1) / buckets_.size();
  }
  size_t total_;
  std::vector<Bucket> buckets_;
  size_t done_ = 0;
};

void AppendList(std::string& out, std::string_view name, const std::vector<Bucket>& buckets,
                void (*append)(std::string& out, const Bucket& bucket)) {
  json::AppendQuoted(out, name);
  out += ":[";
  for (size_t i = 0; i < buckets.size(); i++) {
    if (i > 0) out += ',';
    append(out, buckets[i]);
  }
  out += ']';
}

void AppendBuckets(std::string& out, const std::vector<Bucket>& buckets) {
  AppendList(out, "count", buckets,
             [](std::string& o, const Bucket& b) { json::AppendInt(o, b.count); });
  out += ',';
  AppendList(out, "min", buckets, [](std::string& o, const Bucket& b) {
    if (b.any) return json::AppendDouble(o, b.min);
    o += "null";
  });
  out += ',';
  AppendList(out, "max", buckets, [](std::string& o, const Bucket& b) {
    if (b.any) return json::AppendDouble(o, b.max);
    o += "null";
  });
  out += ',';
  AppendList(out, "last", buckets,
             [](std::string& o, const Bucket& b) { json::AppendDouble(o, b.last); });
  out += ',';
  AppendList(out, "step", buckets, [](std::string& o, const Bucket& b) {
    if (b.step) return json::AppendInt(o, *b.step);
    o += "null";
  });
  out += ',';
  AppendList(out, "time", buckets,
             [](std::string& o, const Bucket& b) { json::AppendQuoted(o, FormatUtc(b.wall_us)); });
}

Result<MetricRef> NumbersNamed(db::Connection& db, int64_t run_row, const std::string& name) {
  auto found = TRY(FindMetrics(db, run_row, name));
  if (found.empty()) {
    return Error(Code::kNotFound, "the run has no metric '" + name + "'", "name");
  }
  if (found[0].type == "scalar") return std::move(found[0]);
  return Error(Code::kFailedPrecondition,
               "metric '" + name + "' is of type " + found[0].type +
                   "; only numbers have buckets. Read it without.",
               "name");
}

}  // namespace

Status WriteBuckets(db::Connection& db, int64_t run_row, const std::string& name, int64_t buckets,
                    std::string& out, std::vector<DamagedSegment>& damaged) {
  MetricRef metric = TRY(NumbersNamed(db, run_row, name));
  auto count =
      TRY(db.Prepare("SELECT coalesce(sum(count), 0) FROM metric_segments WHERE metric_id = ?"));
  TRY(count.Bind(metric.id).Step());
  auto total = static_cast<size_t>(count.Int(0));
  Divider divider(std::max<size_t>(total, 1), std::min(static_cast<size_t>(buckets), total));
  TRY(VisitMetric(db, metric, &damaged,
                  [&](const Segment& segment, size_t begin, size_t end) -> Status {
                    divider.Add(segment, begin, end);
                    return Ok();
                  }));
  // What is damaged was counted and never came.
  std::erase_if(divider.buckets(), [](const Bucket& bucket) { return bucket.count == 0; });
  out += "{\"name\":";
  json::AppendQuoted(out, metric.name);
  out += ",\"type\":";
  json::AppendQuoted(out, metric.type);
  out += ",\"count\":";
  json::AppendInt(out, static_cast<int64_t>(total));
  out += ",\"buckets\":{";
  AppendBuckets(out, divider.buckets());
  out += "}}";
  return Ok();
}

}  // namespace rw::meta
