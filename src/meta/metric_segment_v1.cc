#include "meta/metric_segment_v1.h"

#include <cstring>

#include "meta/metric_segment.h"

namespace rw::meta {
namespace {

constexpr uint8_t kHasStep = 1;
constexpr uint8_t kIsJson = 2;

/// Reads little-endian values; `ok` turns false at the end.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  template <class T>
  T Take() {
    T value{};
    if (rest.size() < sizeof value) {
      ok = false;
      return value;
    }
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return value;
  }
  std::string_view TakeText(size_t size) {
    if (rest.size() < size) {
      ok = false;
      return {};
    }
    std::string_view text = rest.substr(0, size);
    rest.remove_prefix(size);
    return text;
  }
};

MetricPoint TakePoint(Cursor& in) {
  MetricPoint point;
  auto flags = in.Take<uint8_t>();
  point.wall_us = in.Take<int64_t>();
  point.boot_us = in.Take<int64_t>();
  if ((flags & kHasStep) != 0) point.step = in.Take<int64_t>();
  if ((flags & kIsJson) != 0) {
    point.json = in.TakeText(in.Take<uint32_t>());
  } else {
    point.number = in.Take<double>();
  }
  return point;
}

}  // namespace

Result<std::string> FromVersion1(std::string_view bytes) {
  Cursor in{bytes};
  in.Take<uint8_t>();
  SegmentBuilder builder(in.TakeText(in.Take<uint8_t>()));
  while (in.ok && !in.rest.empty()) {
    MetricPoint point = TakePoint(in);
    if (in.ok) builder.Add(point);
  }
  if (!in.ok) return Error(Code::kCorrupt, "a metric segment is cut short");
  return builder.Bytes();
}

}  // namespace rw::meta
