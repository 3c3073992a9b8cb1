#include "server/byte_range.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace rw::server {
namespace {

using Whole = std::optional<ByteRange>;

std::optional<uint64_t> Number(std::string_view text) {
  auto value = ParseInt(text);
  if (!value || *value < 0 || text.front() == '+') return std::nullopt;
  return static_cast<uint64_t>(*value);
}

Error BehindTheEnd(uint64_t size) {
  return Error(Code::kInvalidArgument,
               "the range lies behind the end; there are " + std::to_string(size) + " bytes",
               "Range");
}

}  // namespace

Result<std::optional<ByteRange>> ParseByteRange(std::string_view header, uint64_t size) {
  if (header.substr(0, 6) != "bytes=") return Whole();
  std::string_view range = Trim(header.substr(6));
  size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return Whole();
  std::string_view first_text = range.substr(0, dash), last_text = range.substr(dash + 1);
  auto first = first_text.empty() ? std::nullopt : Number(first_text);
  auto last = last_text.empty() ? std::nullopt : Number(last_text);
  if (first_text.empty()) {
    if (!last) return Whole();
    if (*last == 0 || size == 0) return BehindTheEnd(size);
    uint64_t count = std::min(*last, size);
    return Whole(ByteRange{size - count, count});
  }
  if (!first || (!last_text.empty() && (!last || *last < *first))) return Whole();
  if (*first >= size) return BehindTheEnd(size);
  uint64_t end = last ? std::min(*last + 1, size) : size;
  return Whole(ByteRange{*first, end - *first});
}

}  // namespace rw::server
