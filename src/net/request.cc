#include "base/strings.h"
#include "net/http.h"

namespace rw::net {
namespace {
// What RFC 3986 lets stand in a path, and escapes that are there already.
constexpr std::string_view kPathChars = "/%:@!$&'()*+,;=";

std::vector<std::pair<std::string, std::string>> ParsePairs(std::string_view text, bool& broken) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (text.empty()) return pairs;
  for (const std::string& part : Split(text, '&')) {
    if (part.empty()) continue;
    size_t equals = part.find('=');
    auto name = PercentDecode(part.substr(0, equals), true);
    auto value = equals == std::string::npos ? std::optional<std::string>("")
                                             : PercentDecode(part.substr(equals + 1), true);
    broken = broken || !name || !value;
    if (name && value) pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}
}  // namespace

Result<std::vector<std::string>> Request::Segments() const {
  std::vector<std::string> segments;
  std::string_view rest = path;
  if (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.empty()) return segments;
  for (const std::string& raw : Split(rest, '/')) {
    auto segment = PercentDecode(raw);
    if (!segment || segment->find('\0') != std::string::npos || !IsValidUtf8(*segment))
      return Error(Code::kInvalidArgument, "path " + Utf8Lossy(path) + " has a broken escape");
    segments.push_back(std::move(*segment));
  }
  return segments;
}

std::optional<std::string> Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

std::vector<std::string> Request::QueryAll(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query)
    if (key == name) values.push_back(value);
  return values;
}

std::string Request::Header(std::string_view name) const {
  auto it = headers.find(name);
  return it == headers.end() ? "" : it->second;
}

std::string Request::Target() const {
  std::string target = PercentEncode(path.empty() ? "/" : path, kPathChars);
  char separator = '?';
  for (const auto& [key, value] : query) {
    target += separator + PercentEncode(key, "/:") + "=" + PercentEncode(value, "/:");
    separator = '&';
  }
  return target;
}

Status Request::SetTarget(std::string_view target) {
  // The absolute form, as a proxy's client sends it.
  if (size_t scheme = target.find("://");
      scheme != std::string_view::npos && target.find('/') == scheme + 1) {
    size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (!target.starts_with('/'))
    return Error(Code::kInvalidArgument, "the request's target must begin with '/'");
  target = target.substr(0, target.find('#'));
  size_t mark = target.find('?');
  bool broken = false;
  path = std::string(target.substr(0, mark));
  query = ParsePairs(mark == std::string_view::npos ? "" : target.substr(mark + 1), broken);
  if (broken) return Error(Code::kInvalidArgument, "the request's query has a broken escape");
  return Ok();
}

}  // namespace rw::net
