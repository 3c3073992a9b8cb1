// A batch of values of one metric by one writer, packed into one blob.
//
// Blob: u8 version (1), u8 size + boot id, then the points: u8 flags (1: has step, 2: JSON value),
// i64 wall_us, i64 boot_us, i64 step where flagged, then f64 bit for bit or u32 size + JSON text.
// Integers are little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "meta/metric_summary.h"

namespace rw::meta {

struct MetricPoint {
  int64_t wall_us = 0;
  int64_t boot_us = 0;
  std::optional<int64_t> step;
  double number = 0;
  std::string json;  // where not empty, the value instead of `number`
};

class SegmentBuilder {
 public:
  /// `boot_id` is empty for writers whose boot clock is not known: they are ordered by wall time.
  explicit SegmentBuilder(std::string_view boot_id);
  void AddNumber(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step, double value);
  void AddJson(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step,
               std::string_view json);

  int64_t count() const { return summary_.count; }
  int64_t first_us() const { return first_us_; }
  int64_t last_us() const { return summary_.last_us; }
  const MetricSummary& summary() const { return summary_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void AddHead(uint8_t flags, int64_t wall_us, int64_t boot_us, std::optional<int64_t> step);
  std::string bytes_;
  int64_t first_us_ = 0;
  MetricSummary summary_;
};

struct Segment {
  std::string boot_id;
  std::vector<MetricPoint> points;
};
Result<Segment> DecodeSegment(std::string_view bytes);

/// Segments of one metric in the order (writer, first_seq), `writers[i]` being the writer of
/// `segments[i]`. Order within a writer is kept exactly; writers are merged by non-decreasing time,
/// ties by writer id. Time is boot_us plus the smallest wall_us - boot_us of the same boot.
std::vector<MetricPoint> MergeSegments(std::vector<Segment> segments,
                                       const std::vector<std::string>& writers);

}  // namespace rw::meta
