// A column of whole numbers in few bytes, each readable by its place. Steps that count by one and
// times within an hour take 0 and 4 bytes a value.
//
// Bytes: u8 width w (0, 1, 2, 4 or 8), i64 base, i64 stride, then the values' residuals of w bytes:
// value i is base + stride * i + residual i, modulo 2^64. Integers are little-endian.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace rw::meta {

void AppendColumn(const std::vector<int64_t>& values, std::string& out);

class ColumnView {
 public:
  ColumnView() = default;
  /// The column at the beginning of `bytes`, which is moved behind it; false when it is cut short.
  static bool Take(std::string_view& bytes, size_t count, ColumnView& out);

  int64_t At(size_t index) const {
    uint64_t residual = 0;
    std::memcpy(&residual, residuals_ + index * width_, width_);
    return static_cast<int64_t>(base_ + stride_ * index + residual);
  }

 private:
  const char* residuals_ = "";
  size_t width_ = 0;
  uint64_t base_ = 0;
  uint64_t stride_ = 0;
};

}  // namespace rw::meta
