#include "model/run_params.h"

#include <string_view>

namespace rw::model {
namespace {

constexpr size_t kLongestName = 200;
constexpr size_t kLongestValue = 1000;

bool IsOption(std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return false;
  bool number = (word[1] >= '0' && word[1] <= '9') || word[1] == '.';
  return !number;
}

}  // namespace

std::map<std::string, std::string> ParamsOfArguments(const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> params;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& word = arguments[i];
    if (word == "--") break;
    if (!IsOption(word)) continue;
    size_t dashes = word[1] == '-' ? 2 : 1;
    size_t equals = word.find('=');
    std::string name = word.substr(dashes, equals == std::string::npos ? equals : equals - dashes);
    std::string value = "true";
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !IsOption(arguments[i + 1])) {
      value = arguments[++i];
    }
    bool fits = !name.empty() && name.size() <= kLongestName && value.size() <= kLongestValue;
    if (fits) params[name] = value;
  }
  return params;
}

Result<std::map<std::string, std::string>> ReadParams(const json::Value& body) {
  std::map<std::string, std::string> params;
  const json::Value& given = body["params"];
  if (given.is_null()) return params;
  if (!given.is_object()) {
    return Error(Code::kInvalidArgument, "params must be an object", "params");
  }
  for (const auto& [name, value] : given.as_object()) {
    std::string field = "params.";
    field += name;
    bool plain = value.is_string() || value.is_number() || value.is_bool();
    if (!plain) {
      return Error(Code::kInvalidArgument, field + " must be a text, a number or a boolean", field);
    }
    std::string text = value.is_string() ? value.as_string() : json::Write(value);
    if (name.empty() || name.size() > kLongestName) {
      return Error(Code::kInvalidArgument, "a name in params has 1 to 200 bytes", "params");
    }
    if (text.size() > kLongestValue) {
      return Error(Code::kInvalidArgument, field + " has more than 1000 bytes", field);
    }
    params[name] = std::move(text);
  }
  return params;
}

}  // namespace rw::model
