// Metrics as the API's JSON, written piece by piece: a million values are 60 MB of text.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "meta/metric_reader.h"

namespace rw::meta {

/// Text on its way out, handed on in pieces.
class TextSink {
 public:
  explicit TextSink(std::function<Status(std::string_view)> write) : write_(std::move(write)) {}
  /// What comes next is appended here, and Spill called now and then.
  std::string& text() { return text_; }
  /// Hands on what waits when it is much.
  Status Spill() { return text_.size() < kPiece ? Ok() : Flush(); }
  Status Flush();

 private:
  static constexpr size_t kPiece = 256 << 10;
  std::function<Status(std::string_view)> write_;
  std::string text_;
};

/// The list of Metric of a run (with `name` that one or none), without what is damaged.
Status WriteMetrics(db::Connection& db, int64_t run_row, const std::optional<std::string>& name,
                    TextSink& out, std::vector<DamagedSegment>& damaged);

/// A metric in `buckets` parts of equal count (as near as whole numbers come), fewer where there
/// are fewer values: `{"name", "type", "count", "buckets": {"count", "min", "max", "last", "step",
/// "time"}}`, each a list. min and max are exact and pass over NaN, null where there is no number;
/// last, step and time are those of the bucket's last value. kNotFound names the metric;
/// kFailedPrecondition where it is not one of numbers.
Status WriteBuckets(db::Connection& db, int64_t run_row, const std::string& name, int64_t buckets,
                    std::string& out, std::vector<DamagedSegment>& damaged);

}  // namespace rw::meta
