// A batch of values of one metric by one writer, packed into one blob by columns.
//
// Blob, version 2 (docs/dev/formats/metric-segment.md): u8 version, u8 flags, u8 size + boot id,
// u32 count, i64 least shift, count f64 bit for bit, columns (metric_column.h) of boot times and of
// shifts (wall time minus boot time), where flagged a bitmap and a column of steps, where flagged a
// bitmap of integers (or all are), where flagged a bitmap of JSON values and their u32 sizes and
// texts; last the u64 Checksum64 of all before it. Version 1 (points one after the other, no
// checksum) is read and never written.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "meta/metric_column.h"
#include "meta/metric_summary.h"

namespace rw::meta {

struct MetricPoint {
  int64_t wall_us = 0;
  int64_t boot_us = 0;
  std::optional<int64_t> step;
  double number = 0;
  bool integer = false;   // it was logged as one
  std::string_view json;  // where not empty, the value instead of `number`; of the segment's bytes
};

class SegmentBuilder {
 public:
  /// `boot_id` is empty for writers whose boot clock is not known: they are ordered by wall time.
  explicit SegmentBuilder(std::string_view boot_id);
  /// `integer`: readers are given a whole number; ignored where `value` is none within 2^53.
  void AddNumber(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step, double value,
                 bool integer = false);
  void AddJson(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step,
               std::string_view json);
  void Add(const MetricPoint& point);

  int64_t count() const { return summary_.count; }
  int64_t first_us() const { return first_us_; }
  int64_t last_us() const { return summary_.last_us; }
  const MetricSummary& summary() const { return summary_; }
  std::string Bytes() const;

 private:
  void AddHead(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step);
  /// What comes next is none: from here on it counts which ones are.
  void NoInteger();
  std::string boot_id_;
  std::string numbers_;
  std::vector<int64_t> boots_;
  std::vector<int64_t> shifts_;
  std::vector<int64_t> steps_;  // 0 where there is none
  std::vector<bool> has_step_;
  std::vector<bool> is_json_;
  std::vector<bool> is_integer_;  // up to the last one; not kept while all are
  size_t integers_ = 0;
  std::string json_;  // u32 size and text of each
  bool any_step_ = false;
  bool any_json_ = false;
  int64_t first_us_ = 0;
  MetricSummary summary_;
};

/// The points of a blob of any version, checked, read in place.
class Segment {
 public:
  Segment() = default;
  Segment(Segment&&) = default;
  Segment& operator=(Segment&&) = default;
  /// kCorrupt: the checksum does not match, or it is cut short. kUnsupported: a newer version.
  static Result<Segment> Open(std::string_view bytes);

  const std::string& boot_id() const { return boot_id_; }
  size_t count() const { return count_; }
  /// The smallest wall time minus boot time of its points.
  int64_t least_shift() const { return least_shift_; }
  bool has_json() const { return !json_.empty(); }
  bool has_steps() const { return has_step_ != nullptr; }

  double Number(size_t i) const {
    double number = 0;
    std::memcpy(&number, bytes_.data() + numbers_at_ + 8 * i, sizeof number);
    return number;
  }
  /// Number(i) is a whole number that was logged as an integer.
  bool Integer(size_t i) const;
  /// All of them, not aligned.
  const char* numbers() const { return bytes_.data() + numbers_at_; }
  int64_t Boot(size_t i) const { return boots_.At(i); }
  int64_t Wall(size_t i) const { return boots_.At(i) + shifts_.At(i); }
  std::optional<int64_t> Step(size_t i) const;
  /// Empty where it is a number.
  std::string_view Json(size_t i) const { return json_.empty() ? std::string_view() : json_[i]; }
  MetricPoint Point(size_t i) const;

 private:
  Status Parse();
  Status ParseJson(std::string_view rest);

  // A vector moves without moving its bytes: the columns point into them.
  std::vector<char> bytes_;
  std::string boot_id_;
  size_t count_ = 0;
  int64_t least_shift_ = 0;
  size_t numbers_at_ = 0;
  ColumnView boots_;
  ColumnView shifts_;
  ColumnView steps_;
  const char* has_step_ = nullptr;  // bitmap; null where no point has a step
  const char* integers_ = nullptr;  // bitmap; null: all or none
  bool all_integers_ = false;
  std::vector<std::string_view> json_;
};

}  // namespace rw::meta
