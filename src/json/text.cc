#include "json/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace rw::json {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

void AppendEscaped(std::string& out, std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

/// Where the string that begins at `at` ends: after its closing quote.
size_t SkipString(std::string_view text, size_t at) {
  for (at++; at < text.size() && text[at] != '"'; at++)
    if (text[at] == '\\') at++;
  return std::min(at + 1, text.size());
}

/// Where the value that begins at `at` ends.
size_t SkipValue(std::string_view text, size_t at) {
  int depth = 0;
  while (at < text.size()) {
    char c = text[at];
    if (c == '"') {
      at = SkipString(text, at);
    } else {
      bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',')) return at;
      if (c == '{' || c == '[') depth++;
      if (closes) depth--;
      at++;
    }
    if (depth == 0 && at < text.size() && (text[at] == ',' || text[at] == '}')) return at;
  }
  return at;
}

}  // namespace

void RawMembers(std::string_view object, std::span<const std::string_view> keys,
                std::span<std::string_view> values) {
  size_t at = 1;
  while (at < object.size() && object[at] == '"') {
    size_t name_end = SkipString(object, at);
    std::string_view name = object.substr(at + 1, name_end - at - 2);
    size_t value_end = SkipValue(object, name_end + 1);
    for (size_t i = 0; i < keys.size(); i++) {
      if (keys[i] == name) values[i] = object.substr(name_end + 1, value_end - name_end - 1);
    }
    at = value_end + 1;
  }
}

std::string_view RawMember(std::string_view object, std::string_view key) {
  std::string_view value;
  RawMembers(object, {&key, 1}, {&value, 1});
  return value;
}

void AppendQuoted(std::string& out, std::string_view text) {
  bool plain = true, ascii = true;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    plain = plain && byte >= 0x20 && c != '"' && c != '\\';
    ascii = ascii && byte < 0x80;
  }
  out += '"';
  if (ascii && plain) {
    out += text;
  } else if (ascii || IsValidUtf8(text)) {
    AppendEscaped(out, text);
  } else {
    AppendEscaped(out, Utf8Lossy(text));
  }
  out += '"';
}

void AppendInt(std::string& out, int64_t value) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end.ptr);
}

void AppendDouble(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    char digits[32];
    auto end = std::to_chars(digits, digits + sizeof digits, value);
    std::string_view text(digits, static_cast<size_t>(end.ptr - digits));
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
  }
}

}  // namespace rw::json
