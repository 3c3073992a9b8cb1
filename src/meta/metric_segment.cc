#include "meta/metric_segment.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/hash.h"
#include "meta/metric_segment_v1.h"

namespace rw::meta {
namespace {

constexpr uint8_t kVersion = 2;
constexpr uint8_t kHasSteps = 1;
constexpr uint8_t kHasJson = 2;
constexpr uint8_t kHasIntegers = 4;
constexpr uint8_t kAllIntegers = 8;
constexpr uint8_t kAllFlags = 15;
constexpr double kLargestInteger = 9007199254740992.0;  // 2^53

template <class T>
void Put(std::string& out, T value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

template <class T>
bool Take(std::string_view& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

bool TakeBytes(std::string_view& in, size_t size, std::string_view& out) {
  if (in.size() < size) return false;
  out = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

void PutBits(std::string& out, const std::vector<bool>& bits) {
  std::string bytes((bits.size() + 7) / 8, '\0');
  for (size_t i = 0; i < bits.size(); i++) {
    if (bits[i]) bytes[i / 8] = static_cast<char>(bytes[i / 8] | 1 << (i % 8));
  }
  out += bytes;
}

bool BitAt(const char* bits, size_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }

bool IsWhole(double value) {
  return value >= -kLargestInteger && value <= kLargestInteger &&
         static_cast<double>(static_cast<int64_t>(value)) == value;
}

Error Cut() { return Error(Code::kCorrupt, "a metric segment is cut short"); }

}  // namespace

SegmentBuilder::SegmentBuilder(std::string_view boot_id) : boot_id_(boot_id.substr(0, 255)) {}

void SegmentBuilder::AddHead(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step) {
  if (summary_.count == 0) first_us_ = wall_us;
  boots_.push_back(boot_us);
  shifts_.push_back(
      static_cast<int64_t>(static_cast<uint64_t>(wall_us) - static_cast<uint64_t>(boot_us)));
  steps_.push_back(step.value_or(0));
  has_step_.push_back(step.has_value());
  any_step_ = any_step_ || step.has_value();
}

void SegmentBuilder::NoInteger() {
  if (integers_ > 0 && integers_ == boots_.size()) is_integer_.assign(integers_, true);
}

void SegmentBuilder::AddNumber(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step,
                               double value, bool integer) {
  if (integer && IsWhole(value)) {
    if (integers_ != boots_.size()) {
      is_integer_.resize(boots_.size() + 1);
      is_integer_.back() = true;
    }
    integers_++;
  } else {
    NoInteger();
  }
  AddHead(wall_us, boot_us, step);
  is_json_.push_back(false);
  Put(numbers_, value);
  summary_.AddNumber(wall_us, value);
}

void SegmentBuilder::AddJson(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step,
                             std::string_view json) {
  NoInteger();
  AddHead(wall_us, boot_us, step);
  is_json_.push_back(true);
  any_json_ = true;
  Put(numbers_, std::numeric_limits<double>::quiet_NaN());
  Put(json_, static_cast<uint32_t>(json.size()));
  json_.append(json);
  summary_.AddOther(wall_us);
}

void SegmentBuilder::Add(const MetricPoint& point) {
  if (point.json.empty())
    return AddNumber(point.wall_us, point.boot_us, point.step, point.number, point.integer);
  AddJson(point.wall_us, point.boot_us, point.step, point.json);
}

std::string SegmentBuilder::Bytes() const {
  std::string out;
  out.reserve(numbers_.size() * 2 + json_.size() + 128);
  Put(out, kVersion);
  bool all_integers = integers_ > 0 && integers_ == boots_.size();
  bool some_integers = integers_ > 0 && !all_integers;
  Put(out,
      static_cast<uint8_t>((any_step_ ? kHasSteps : 0) | (any_json_ ? kHasJson : 0) |
                           (some_integers ? kHasIntegers : 0) | (all_integers ? kAllIntegers : 0)));
  Put(out, static_cast<uint8_t>(boot_id_.size()));
  out += boot_id_;
  Put(out, static_cast<uint32_t>(boots_.size()));
  Put(out, shifts_.empty() ? int64_t{0} : *std::min_element(shifts_.begin(), shifts_.end()));
  out += numbers_;
  AppendColumn(boots_, out);
  AppendColumn(shifts_, out);
  if (any_step_) {
    PutBits(out, has_step_);
    AppendColumn(steps_, out);
  }
  if (some_integers) {
    std::vector<bool> bits = is_integer_;
    bits.resize(boots_.size());
    PutBits(out, bits);
  }
  if (any_json_) {
    PutBits(out, is_json_);
    out += json_;
  }
  Put(out, Checksum64(out));
  return out;
}

Result<Segment> Segment::Open(std::string_view bytes) {
  if (!bytes.empty() && bytes[0] == 1) return Open(TRY(FromVersion1(bytes)));
  Segment segment;
  segment.bytes_.assign(bytes.begin(), bytes.end());
  TRY(segment.Parse());
  return segment;
}

Status Segment::Parse() {
  std::string_view whole(bytes_.data(), bytes_.size());
  if (!whole.empty() && static_cast<uint8_t>(whole[0]) > kVersion) {
    return Error(Code::kUnsupported, "metric segment of version " +
                                         std::to_string(static_cast<uint8_t>(whole[0])) +
                                         ": a newer runwright wrote it");
  }
  if (whole.size() < sizeof(uint64_t)) return Cut();
  uint64_t written = 0;
  std::string_view rest = whole.substr(0, whole.size() - sizeof written);
  std::memcpy(&written, whole.data() + rest.size(), sizeof written);
  if (written != Checksum64(rest)) {
    return Error(Code::kCorrupt, "the checksum of a metric segment does not match its bytes");
  }
  uint8_t version = 0, flags = 0, boot_size = 0;
  uint32_t count = 0;
  std::string_view boot, numbers, bits;
  bool ok = Take(rest, version) && Take(rest, flags) && Take(rest, boot_size) &&
            TakeBytes(rest, boot_size, boot) && Take(rest, count) && Take(rest, least_shift_) &&
            TakeBytes(rest, size_t{8} * count, numbers) && ColumnView::Take(rest, count, boots_) &&
            ColumnView::Take(rest, count, shifts_);
  if (!ok || version != kVersion) return Cut();
  if ((flags & ~kAllFlags) != 0)
    return Error(Code::kUnsupported, "metric segment with flags that a newer runwright wrote");
  boot_id_ = boot;
  count_ = count;
  numbers_at_ = static_cast<size_t>(numbers.data() - bytes_.data());
  if ((flags & kHasSteps) != 0) {
    if (!TakeBytes(rest, (count_ + 7) / 8, bits) || !ColumnView::Take(rest, count_, steps_)) {
      return Cut();
    }
    has_step_ = bits.data();
  }
  all_integers_ = (flags & kAllIntegers) != 0;
  if ((flags & kHasIntegers) != 0) {
    if (!TakeBytes(rest, (count_ + 7) / 8, bits)) return Cut();
    integers_ = bits.data();
  }
  return (flags & kHasJson) != 0 ? ParseJson(rest) : Ok();
}

Status Segment::ParseJson(std::string_view rest) {
  std::string_view bits;
  if (!TakeBytes(rest, (count_ + 7) / 8, bits)) return Cut();
  json_.resize(count_);
  for (size_t i = 0; i < count_; i++) {
    if (!BitAt(bits.data(), i)) continue;
    uint32_t size = 0;
    if (!Take(rest, size) || !TakeBytes(rest, size, json_[i])) return Cut();
  }
  return Ok();
}

std::optional<int64_t> Segment::Step(size_t i) const {
  if (has_step_ == nullptr || !BitAt(has_step_, i)) return std::nullopt;
  return steps_.At(i);
}

bool Segment::Integer(size_t i) const {
  return all_integers_ || (integers_ != nullptr && BitAt(integers_, i));
}

MetricPoint Segment::Point(size_t i) const {
  return {Wall(i), Boot(i), Step(i), Number(i), Integer(i), Json(i)};
}

}  // namespace rw::meta
