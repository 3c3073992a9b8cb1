// A rule of the source map: what downloads below a URL are answered from.
#pragma once

#include <string>

#include "base/result.h"
#include "json/value.h"

namespace rw::model {

/// Exactly one of folder and mirror is set.
struct SourceRule {
  std::string prefix;  // as NormalPrefix gives it
  std::string folder;  // absolute, without '/' at its end
  std::string mirror;  // another URL, without '/' at its end
};

/// One spelling of an http or https URL: scheme and host in lower case, no default port, no '/' at
/// its end. kInvalidArgument (`field`) says what is wrong: another scheme, no host, a password, a
/// query, a fragment, a space.
Result<std::string> NormalPrefix(std::string_view url, const std::string& field);

/// {"prefix", "folder" or "mirror"}; `field` names it in errors ("rules[2]").
Result<SourceRule> ParseSourceRule(const json::Value& value, const std::string& field);
/// The same members.
json::Value ToJson(const SourceRule& rule);

}  // namespace rw::model
