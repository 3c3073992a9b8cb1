// Small text helpers shared by all modules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rw {

std::string HexEncode(std::string_view bytes);
std::optional<std::string> HexDecode(std::string_view hex);
std::string Base64Encode(std::string_view bytes);
std::optional<std::string> Base64Decode(std::string_view text);

/// Split("a,,b", ',') is {"a", "", "b"}; Split("", ',') is {""}.
std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);
std::string Lower(std::string_view text);

/// Whole text must be a decimal number in range.
std::optional<int64_t> ParseInt(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

/// RFC 3986: everything but unreserved characters (and `keep`) becomes %XX.
std::string PercentEncode(std::string_view text, std::string_view keep = "");
/// nullopt on a broken escape.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space = false);

bool IsValidUtf8(std::string_view text);
/// Invalid bytes become U+FFFD.
std::string Utf8Lossy(std::string_view bytes);

/// The entries of `known` nearest to `word` by edit distance (case-insensitive), best first, at
/// most `limit`; for "did you mean" in errors.
std::vector<std::string> NearMatches(std::string_view word, const std::vector<std::string>& known,
                                     size_t limit = 3);

/// "1.5 GiB", "300 B".
std::string HumanBytes(uint64_t bytes);

}  // namespace rw
