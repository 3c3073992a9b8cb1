#include "env/spec_text.h"

#include <algorithm>

#include "base/strings.h"
#include "env/secrets.h"

namespace rw::env {
namespace {
bool IsAsciiAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
}  // namespace

Error InvalidSpec(std::string message, std::string field) {
  return Error(Code::kInvalidArgument, std::move(message), std::move(field));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<std::string> CleanText(const json::Value& value, std::string_view key,
                              std::string_view parent) {
  std::string field = std::string(parent) + std::string(key);
  const json::Value& member = value[key];
  if (member.is_null()) return std::string();
  if (!member.is_string()) return InvalidSpec(field + " must be a string", field);
  if (HasControl(member.as_string()))
    return InvalidSpec(field + " holds a control character", field);
  return std::string(Trim(member.as_string()));
}

Status CheckLocation(const std::string& text, const std::string& field, bool paths) {
  bool url =
      text.starts_with("https://") || text.starts_with("http://") || text.starts_with("file://");
  if (text.find_first_of(" \t,") != std::string::npos)
    return InvalidSpec(field + " \"" + MaskUserInfo(text) + "\" holds a space or a comma", field);
  if (url || (paths && text.starts_with('/'))) return Ok();
  return InvalidSpec(field + " \"" + MaskUserInfo(text) +
                         "\" must begin with https://, http:// or file://" +
                         (paths ? ", or be an absolute path" : ""),
                     field);
}

Result<std::vector<std::string>> Locations(const json::Value& value, const std::string& key,
                                           bool paths) {
  std::vector<std::string> out;
  for (const std::string& raw : TRY(json::OptionalStringList(value, key))) {
    std::string text(Trim(raw));
    std::string field = key + "[" + std::to_string(out.size()) + "]";
    if (text.empty()) continue;
    if (HasControl(text)) return InvalidSpec(field + " holds a control character", field);
    TRY(CheckLocation(text, field, paths));
    out.push_back(std::move(text));
  }
  return out;
}

Result<std::vector<std::string>> BoundedList(const json::Value& value, const std::string& key,
                                             size_t most) {
  std::vector<std::string> out = TRY(json::OptionalStringList(value, key));
  if (out.size() > most)
    return InvalidSpec(key + " has more than " + std::to_string(most) + " lines", key);
  return out;
}

Status CheckNested(const json::Value& value, const std::string& parent,
                   const std::vector<std::string>& known) {
  if (!value.is_object()) return InvalidSpec(parent + " must be an object", parent);
  for (const auto& [key, member] : value.as_object()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string field = parent + ".";
    field += key;
    return InvalidSpec(parent + " has no member \"" + key + "\". Known: " + Join(known, ", "),
                       field);
  }
  return Ok();
}

bool IsPlainWord(std::string_view text, std::string_view others, size_t most) {
  if (text.empty() || text.size() > most || !IsAsciiAlnum(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return IsAsciiAlnum(c) || others.find(c) != std::string_view::npos;
  });
}

}  // namespace rw::env
