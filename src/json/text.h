// JSON written straight into a text, for answers that are too long to be made of Values. The same
// forms as Write's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rw::json {

/// "text", escaped; invalid UTF-8 becomes U+FFFD.
void AppendQuoted(std::string& out, std::string_view text);
void AppendInt(std::string& out, int64_t value);
/// A number that reads back exactly, with a '.' or an exponent; "NaN", "Infinity" and "-Infinity"
/// in quotes.
void AppendDouble(std::string& out, double value);

/// The texts of some members' values in the text of an object that Write made; empty where there is
/// no such member. `keys` and `values` are of one length.
void RawMembers(std::string_view object, std::span<const std::string_view> keys,
                std::span<std::string_view> values);
std::string_view RawMember(std::string_view object, std::string_view key);

}  // namespace rw::json
