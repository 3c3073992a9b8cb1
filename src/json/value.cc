#include "json/value.h"

#include <cmath>
#include <limits>

namespace rw::json {
namespace {
const Value kNull;

Error WrongType(std::string_view key, std::string_view wanted) {
  return Error(Code::kInvalidArgument,
               "'" + std::string(key) + "' must be " + std::string(wanted) + ".", std::string(key));
}
}  // namespace

bool Value::as_bool() const {
  CHECK(is_bool());
  return std::get<bool>(data_);
}
int64_t Value::as_int() const {
  CHECK(is_int());
  return std::get<int64_t>(data_);
}
double Value::as_double() const {
  if (is_int()) return static_cast<double>(as_int());
  CHECK(is_double());
  return std::get<double>(data_);
}
const std::string& Value::as_string() const {
  CHECK(is_string());
  return std::get<std::string>(data_);
}
const Array& Value::as_array() const {
  CHECK(is_array());
  return std::get<Array>(data_);
}
Array& Value::as_array() {
  CHECK(is_array());
  return std::get<Array>(data_);
}
const Object& Value::as_object() const {
  CHECK(is_object());
  return std::get<Object>(data_);
}
Object& Value::as_object() {
  CHECK(is_object());
  return std::get<Object>(data_);
}

const Value& Value::operator[](std::string_view key) const {
  if (!is_object()) return kNull;
  auto at = as_object().find(key);
  return at == as_object().end() ? kNull : at->second;
}
Value& Value::Set(std::string key, Value value) {
  if (is_null()) data_ = Object();
  as_object().insert_or_assign(std::move(key), std::move(value));
  return *this;
}
Value& Value::Append(Value value) {
  if (is_null()) data_ = Array();
  as_array().push_back(std::move(value));
  return *this;
}

std::string Value::StringOr(std::string_view key, std::string_view otherwise) const {
  const Value& v = (*this)[key];
  return v.is_string() ? v.as_string() : std::string(otherwise);
}
int64_t Value::IntOr(std::string_view key, int64_t otherwise) const {
  const Value& v = (*this)[key];
  return v.is_int() ? v.as_int() : otherwise;
}
double Value::DoubleOr(std::string_view key, double otherwise) const {
  const Value& v = (*this)[key];
  return v.is_number() ? v.as_double() : otherwise;
}
bool Value::BoolOr(std::string_view key, bool otherwise) const {
  const Value& v = (*this)[key];
  return v.is_bool() ? v.as_bool() : otherwise;
}

Value NumberOrName(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  return v;
}

Result<double> DoubleFrom(const Value& value) {
  if (value.is_number()) return value.as_double();
  if (value.is_string()) {
    const std::string& name = value.as_string();
    if (name == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (name == "Infinity") return std::numeric_limits<double>::infinity();
    if (name == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  return Error(Code::kInvalidArgument, "expected a number, 'NaN', 'Infinity' or '-Infinity'");
}

Result<std::string> RequireString(const Value& object, std::string_view key) {
  const Value& v = object[key];
  if (!v.is_string() || v.as_string().empty()) return WrongType(key, "a non-empty string");
  return v.as_string();
}
Result<std::string> OptionalString(const Value& object, std::string_view key,
                                   std::string_view otherwise) {
  const Value& v = object[key];
  if (v.is_null()) return std::string(otherwise);
  if (!v.is_string()) return WrongType(key, "a string");
  return v.as_string();
}
Result<int64_t> OptionalInt(const Value& object, std::string_view key, int64_t otherwise,
                            int64_t least, int64_t most) {
  const Value& v = object[key];
  if (v.is_null()) return otherwise;
  if (!v.is_int() || v.as_int() < least || v.as_int() > most)
    return WrongType(key,
                     "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return v.as_int();
}
Result<bool> OptionalBool(const Value& object, std::string_view key, bool otherwise) {
  const Value& v = object[key];
  if (v.is_null()) return otherwise;
  if (!v.is_bool()) return WrongType(key, "true or false");
  return v.as_bool();
}
Result<std::map<std::string, std::string>> OptionalStringMap(const Value& object,
                                                             std::string_view key) {
  std::map<std::string, std::string> out;
  const Value& v = object[key];
  if (v.is_null()) return out;
  if (!v.is_object()) return WrongType(key, "an object with string values");
  for (const auto& [name, member] : v.as_object()) {
    if (!member.is_string() && !member.is_null())
      return WrongType(std::string(key) + "." + name, "a string or null");
    out[name] = member.is_null() ? "" : member.as_string();
  }
  return out;
}
Result<std::vector<std::string>> OptionalStringList(const Value& object, std::string_view key) {
  std::vector<std::string> out;
  const Value& v = object[key];
  if (v.is_null()) return out;
  if (!v.is_array()) return WrongType(key, "an array of strings");
  for (size_t i = 0; i < v.as_array().size(); i++) {
    const Value& member = v.as_array()[i];
    if (!member.is_string())
      return WrongType(std::string(key) + "[" + std::to_string(i) + "]", "a string");
    out.push_back(member.as_string());
  }
  return out;
}

}  // namespace rw::json
