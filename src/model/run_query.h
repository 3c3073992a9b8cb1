// What lists of runs are filtered and sorted by, as people write it (docs/user/runs.md):
//
//   metrics.acc > 0.9 and (tags.team = "x" or not params.lr <= 1e-3)
//   -max(metrics.acc)
//
// Pure: text in, a tree out. meta/run_search.h turns it into SQL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::model {

enum class RunFieldKind {
  kMetricLast,  // metrics.NAME, last(metrics.NAME)
  kMetricMin,
  kMetricMax,
  kParam,
  kTag,
  kProperty,
  kAttribute,  // `name` is one of RunAttributes()
};

struct RunField {
  RunFieldKind kind = RunFieldKind::kAttribute;
  std::string name;
  bool operator==(const RunField&) const = default;
  bool is_metric() const { return kind <= RunFieldKind::kMetricMax; }
};

/// id, name, number, status, experiment, type, target, parent, created, started, ended, duration.
const std::vector<std::string>& RunAttributes();
/// created, started and ended are compared with times, number and duration (seconds) with numbers.
bool IsTimeAttribute(std::string_view name);
bool IsNumberAttribute(std::string_view name);

enum class CompareOp {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kContains,  // ~: a part of the text, without case
  kIn,
  kExists,  // a field alone
};

/// A value as it was written; `number` where it is one that stands without quotes. A time
/// attribute's is microseconds since 1970.
struct RunLiteral {
  std::string text;
  std::optional<double> number;
};

struct RunCondition {
  enum class Kind { kAnd, kOr, kNot, kCompare };
  Kind kind = Kind::kAnd;  // without parts: true
  std::vector<RunCondition> parts;
  RunField field;
  CompareOp op = CompareOp::kEqual;
  std::vector<RunLiteral> values;  // several for kIn only
};

/// kInvalidArgument, field `filter`, names the character (from 1), what stands there and what
/// was expected. At most 64 comparisons, 16 parentheses deep. "" is always true.
Result<RunCondition> ParseRunFilter(std::string_view text);

struct RunSort {
  RunField field{RunFieldKind::kAttribute, "created"};
  bool descending = true;
  bool operator==(const RunSort&) const = default;
};
/// "-metrics.acc": largest first; without the sign smallest first. "" is newest first.
Result<RunSort> ParseRunSort(std::string_view text);

}  // namespace rw::model
