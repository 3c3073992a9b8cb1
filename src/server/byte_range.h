// The Range header of RFC 9110, as far as downloads need it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace rw::server {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t size = 0;
};

/// nullopt: answer everything (no header, several ranges, another unit, broken syntax; the RFC lets
/// a server ignore those). kInvalidArgument: one range that lies behind the end (416).
Result<std::optional<ByteRange>> ParseByteRange(std::string_view header, uint64_t size);

}  // namespace rw::server
