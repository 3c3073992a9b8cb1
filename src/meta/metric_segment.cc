#include "meta/metric_segment.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <queue>

namespace rw::meta {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kHasStep = 1;
constexpr uint8_t kIsJson = 2;

template <class T>
void Put(std::string& out, T value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

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
  std::string TakeText(size_t size) {
    if (rest.size() < size) {
      ok = false;
      return "";
    }
    std::string text(rest.substr(0, size));
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

/// All points of one writer, and where the merge stands in them.
struct Stream {
  std::vector<Segment*> segments;
  std::vector<int64_t> shifts;
  size_t segment = 0;
  size_t point = 0;

  bool Settle() {
    while (segment < segments.size() && point >= segments[segment]->points.size()) {
      segment++;
      point = 0;
    }
    return segment < segments.size();
  }
  MetricPoint& Current() { return segments[segment]->points[point]; }
  int64_t Time() { return Current().boot_us + shifts[segment]; }
};

std::map<std::string, int64_t> SmallestShifts(const std::vector<Segment>& segments) {
  std::map<std::string, int64_t> shifts;
  for (const Segment& segment : segments) {
    if (segment.boot_id.empty()) continue;
    for (const MetricPoint& point : segment.points) {
      int64_t shift = point.wall_us - point.boot_us;
      auto [at, added] = shifts.emplace(segment.boot_id, shift);
      if (!added) at->second = std::min(at->second, shift);
    }
  }
  return shifts;
}

}  // namespace

SegmentBuilder::SegmentBuilder(std::string_view boot_id) {
  boot_id = boot_id.substr(0, 255);
  Put(bytes_, kVersion);
  Put(bytes_, static_cast<uint8_t>(boot_id.size()));
  bytes_.append(boot_id);
}

void SegmentBuilder::AddHead(uint8_t flags, int64_t wall_us, int64_t boot_us,
                             std::optional<int64_t> step) {
  if (summary_.count == 0) first_us_ = wall_us;
  Put(bytes_, static_cast<uint8_t>(flags | (step ? kHasStep : 0)));
  Put(bytes_, wall_us);
  Put(bytes_, boot_us);
  if (step) Put(bytes_, *step);
}

void SegmentBuilder::AddNumber(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step,
                               double value) {
  AddHead(0, wall_us, boot_us, step);
  Put(bytes_, value);
  summary_.AddNumber(wall_us, value);
}

void SegmentBuilder::AddJson(int64_t wall_us, int64_t boot_us, std::optional<int64_t> step,
                             std::string_view json) {
  AddHead(kIsJson, wall_us, boot_us, step);
  Put(bytes_, static_cast<uint32_t>(json.size()));
  bytes_.append(json);
  summary_.AddOther(wall_us);
}

Result<Segment> DecodeSegment(std::string_view bytes) {
  Cursor in{bytes};
  auto version = in.Take<uint8_t>();
  if (in.ok && version != kVersion) {
    return Error(Code::kUnsupported, "metric segment of version " + std::to_string(version));
  }
  Segment segment;
  segment.boot_id = in.TakeText(in.Take<uint8_t>());
  while (in.ok && !in.rest.empty()) segment.points.push_back(TakePoint(in));
  if (!in.ok) return Error(Code::kCorrupt, "a metric segment is cut short");
  return segment;
}

std::vector<MetricPoint> MergeSegments(std::vector<Segment> segments,
                                       const std::vector<std::string>& writers) {
  auto shifts = SmallestShifts(segments);
  std::vector<Stream> streams;  // in the order of writer ids
  size_t total = 0;
  for (size_t i = 0; i < segments.size(); i++) {
    if (i == 0 || writers[i] != writers[i - 1]) streams.emplace_back();
    streams.back().segments.push_back(&segments[i]);
    streams.back().shifts.push_back(segments[i].boot_id.empty() ? 0 : shifts[segments[i].boot_id]);
    total += segments[i].points.size();
  }
  using Next = std::pair<int64_t, size_t>;  // time, stream
  std::priority_queue<Next, std::vector<Next>, std::greater<>> next;
  for (size_t i = 0; i < streams.size(); i++) {
    if (streams[i].Settle()) next.emplace(streams[i].Time(), i);
  }
  std::vector<MetricPoint> merged;
  merged.reserve(total);
  while (!next.empty()) {
    auto [time, index] = next.top();
    next.pop();
    Stream& stream = streams[index];
    merged.push_back(std::move(stream.Current()));
    stream.point++;
    // A clock that went back within a writer must not let others overtake what it wrote before.
    if (stream.Settle()) next.emplace(std::max(time, stream.Time()), index);
  }
  return merged;
}

}  // namespace rw::meta
