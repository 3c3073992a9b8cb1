#include "model/source_rule.h"

#include <algorithm>

#include "base/strings.h"

namespace rw::model {
namespace {

constexpr size_t kLongest = 4096;

Error Wrong(const std::string& field, std::string_view url, const std::string& why) {
  return Error(Code::kInvalidArgument, field + ": '" + Utf8Lossy(std::string(url)) + "' " + why,
               field);
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '?' && c != '#';
  });
}

/// "Host:80" → "host".
Result<std::string> NormalHost(std::string_view authority, std::string_view default_port,
                               std::string_view url, const std::string& field) {
  if (authority.find('@') != std::string_view::npos)
    return Error(Code::kInvalidArgument, field + " must not hold a user name or password", field);
  std::string host = Lower(authority);
  size_t bracket = host.rfind(']');
  size_t colon = host.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    std::string port = host.substr(colon + 1);
    auto number = ParseInt(port);
    if (!port.empty() && (!number || *number < 1 || *number > 65535))
      return Wrong(field, url, "has no port between 1 and 65535");
    if (port.empty() || port == default_port) host.resize(colon);
  }
  if (host.empty()) return Wrong(field, url, "names no host");
  return host;
}

}  // namespace

Result<std::string> NormalPrefix(std::string_view url, const std::string& field) {
  size_t end = url.find("://");
  std::string scheme = Lower(url.substr(0, end == std::string_view::npos ? 0 : end));
  if (scheme != "http" && scheme != "https")
    return Wrong(field, url, "does not begin with http:// or https://");
  if (url.size() > kLongest || !IsPlain(url))
    return Wrong(
        field, url,
        "is not the beginning of a URL: no spaces, query or fragment, at most 4,096 bytes");
  std::string_view rest = url.substr(end + 3);
  size_t slash = std::min(rest.find('/'), rest.size());
  std::string out =
      TRY(NormalHost(rest.substr(0, slash), scheme == "http" ? "80" : "443", url, field));
  out.insert(0, scheme + "://");
  out += rest.substr(slash);
  while (out.back() == '/') out.pop_back();
  return out;
}

Result<SourceRule> ParseSourceRule(const json::Value& value, const std::string& field) {
  if (!value.is_object())
    return Error(Code::kInvalidArgument,
                 field + R"( must be {"prefix", "folder"} or {"prefix", "mirror"})", field);
  SourceRule rule;
  rule.prefix = TRY(NormalPrefix(TRY(json::OptionalString(value, "prefix")), field + ".prefix"));
  rule.folder = TRY(json::OptionalString(value, "folder"));
  std::string mirror = TRY(json::OptionalString(value, "mirror"));
  if (rule.folder.empty() == mirror.empty())
    return Error(Code::kInvalidArgument, field + " must have a folder or a mirror", field);
  if (!mirror.empty()) rule.mirror = TRY(NormalPrefix(mirror, field + ".mirror"));
  if (rule.folder.empty()) return rule;
  if (rule.folder[0] != '/' || rule.folder.find('\0') != std::string::npos)
    return Wrong(field + ".folder", rule.folder, "is not an absolute path");
  while (rule.folder.size() > 1 && rule.folder.back() == '/') rule.folder.pop_back();
  return rule;
}

json::Value ToJson(const SourceRule& rule) {
  json::Value out = json::Object{{"prefix", rule.prefix}};
  if (!rule.folder.empty()) out.Set("folder", rule.folder);
  if (!rule.mirror.empty()) out.Set("mirror", rule.mirror);
  return out;
}

}  // namespace rw::model
