// JSON as values. Only parse.cc and write.cc see RapidJSON.
//
// Numbers are int64 where the text is an integer that fits, else double, bit for bit. JSON has no
// NaN or infinity: the API writes them as the strings "NaN", "Infinity", "-Infinity" (see
// NumberOrName).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace rw::json {

class Value;
using Array = std::vector<Value>;
/// Sorted by key bytes, so that writing a value is canonical.
using Object = std::map<std::string, Value, std::less<>>;

class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}                               // NOLINT
  Value(bool v) : data_(v) {}                            // NOLINT
  Value(int v) : data_(int64_t{v}) {}                    // NOLINT
  Value(int64_t v) : data_(v) {}                         // NOLINT
  Value(uint64_t v) : data_(static_cast<int64_t>(v)) {}  // NOLINT
  Value(double v) : data_(v) {}                          // NOLINT
  Value(const char* v) : data_(std::string(v)) {}        // NOLINT
  Value(std::string v) : data_(std::move(v)) {}          // NOLINT
  Value(std::string_view v) : data_(std::string(v)) {}   // NOLINT
  Value(Array v) : data_(std::move(v)) {}                // NOLINT
  Value(Object v) : data_(std::move(v)) {}               // NOLINT

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }

  /// The caller has checked the type (CHECKed).
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;  // of an int too
  const std::string& as_string() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;
  Object& as_object();

  /// Member of an object; a shared null where this is no object or has no such member.
  const Value& operator[](std::string_view key) const;
  /// Makes this an object if it is null.
  Value& Set(std::string key, Value value);
  /// Makes this an array if it is null.
  Value& Append(Value value);

  /// Lenient reads for data that we wrote ourselves.
  std::string StringOr(std::string_view key, std::string_view otherwise = "") const;
  int64_t IntOr(std::string_view key, int64_t otherwise) const;
  double DoubleOr(std::string_view key, double otherwise) const;
  bool BoolOr(std::string_view key, bool otherwise) const;

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> data_;
};

/// At most 64 levels deep; trailing text, duplicate keys, invalid UTF-8 are kInvalidArgument naming
/// the byte offset.
Result<Value> Parse(std::string_view text);

/// Compact and canonical: keys sorted by bytes, shortest number text that reads back exactly.
std::string Write(const Value& value);
/// Two-space indentation, for people.
std::string WritePretty(const Value& value);

/// A double as the API writes it: a number, or "NaN", "Infinity", "-Infinity".
Value NumberOrName(double v);
/// The reverse; kInvalidArgument for anything else.
Result<double> DoubleFrom(const Value& value);

/// Strict reads of request members: kInvalidArgument with the field's name and what it must be.
Result<std::string> RequireString(const Value& object, std::string_view key);
Result<std::string> OptionalString(const Value& object, std::string_view key,
                                   std::string_view otherwise = "");
Result<int64_t> OptionalInt(const Value& object, std::string_view key, int64_t otherwise,
                            int64_t least, int64_t most);
Result<bool> OptionalBool(const Value& object, std::string_view key, bool otherwise);
/// {"a": "b"} with string (or null, read as "") values.
Result<std::map<std::string, std::string>> OptionalStringMap(const Value& object,
                                                             std::string_view key);
Result<std::vector<std::string>> OptionalStringList(const Value& object, std::string_view key);

}  // namespace rw::json
