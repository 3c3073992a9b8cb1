#include "meta/metric_column.h"

#include <algorithm>

namespace rw::meta {
namespace {

void PutWord(std::string& out, uint64_t value, size_t bytes) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, bytes);
}

size_t WidthOf(uint64_t largest) {
  if (largest == 0) return 0;
  for (size_t width : {1, 2, 4}) {
    if (largest >> (8 * width) == 0) return width;
  }
  return 8;
}

/// Of values that go on by the same difference, that difference; else 0.
uint64_t StrideOf(const std::vector<int64_t>& values) {
  if (values.size() < 2) return 0;
  uint64_t stride = static_cast<uint64_t>(values[1]) - static_cast<uint64_t>(values[0]);
  for (size_t i = 2; i < values.size(); i++) {
    uint64_t next = static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(values[i - 1]);
    if (next != stride) return 0;
  }
  return stride;
}

}  // namespace

void AppendColumn(const std::vector<int64_t>& values, std::string& out) {
  uint64_t stride = StrideOf(values);
  uint64_t base = 0, width = 0;
  if (!values.empty() && (stride != 0 || values.size() == 1)) {
    base = static_cast<uint64_t>(values[0]);
  } else if (!values.empty()) {
    auto [least, most] = std::minmax_element(values.begin(), values.end());
    base = static_cast<uint64_t>(*least);
    width = WidthOf(static_cast<uint64_t>(*most) - base);
  }
  PutWord(out, width, 1);
  PutWord(out, base, 8);
  PutWord(out, stride, 8);
  if (width == 0) return;
  for (int64_t value : values) PutWord(out, static_cast<uint64_t>(value) - base, width);
}

bool ColumnView::Take(std::string_view& bytes, size_t count, ColumnView& out) {
  constexpr size_t kHead = 17;
  if (bytes.size() < kHead) return false;
  out.width_ = static_cast<uint8_t>(bytes[0]);
  bool known = out.width_ <= 8 && (out.width_ & (out.width_ - 1)) == 0;
  if (!known || bytes.size() - kHead < out.width_ * count) return false;
  std::memcpy(&out.base_, bytes.data() + 1, 8);
  std::memcpy(&out.stride_, bytes.data() + 9, 8);
  out.residuals_ = bytes.data() + kHead;
  bytes.remove_prefix(kHead + out.width_ * count);
  return true;
}

}  // namespace rw::meta
