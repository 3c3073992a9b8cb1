// Reading texts of a spec: trimmed, without control characters, locations checked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace rw::env {

/// kInvalidArgument that names `field`.
Error InvalidSpec(std::string message, std::string field);

bool HasControl(std::string_view text);

/// Text of member `key`, trimmed; empty where it is absent. `parent` ("image.") goes before the key
/// in errors.
Result<std::string> CleanText(const json::Value& value, std::string_view key,
                              std::string_view parent = "");

/// A URL (https, http, file), or, with `paths`, an absolute path.
Status CheckLocation(const std::string& text, const std::string& field, bool paths);

/// A list of locations, trimmed, in order, blank ones left out.
Result<std::vector<std::string>> Locations(const json::Value& value, const std::string& key,
                                           bool paths);

/// The list member `key`; kInvalidArgument where it has more than `most` items.
Result<std::vector<std::string>> BoundedList(const json::Value& value, const std::string& key,
                                             size_t most);

/// Members of a nested object are all among `known`; errors say `parent` + "." + member.
Status CheckNested(const json::Value& value, const std::string& parent,
                   const std::vector<std::string>& known);

/// 1 to `most` bytes: the first a letter or digit, then letters, digits and those of `others`.
bool IsPlainWord(std::string_view text, std::string_view others, size_t most);

}  // namespace rw::env
