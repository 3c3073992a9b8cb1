#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>

#include "base/strings.h"
#include "json/value.h"

namespace rw::json {
namespace {
template <class Writer>
void WriteString(Writer& writer, const std::string& text) {
  if (IsValidUtf8(text)) {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  } else {
    std::string lossy = Utf8Lossy(text);
    writer.String(lossy.data(), static_cast<rapidjson::SizeType>(lossy.size()));
  }
}

template <class Writer>
void WriteTo(Writer& writer, const Value& value) {
  if (value.is_null()) {
    writer.Null();
  } else if (value.is_bool()) {
    writer.Bool(value.as_bool());
  } else if (value.is_int()) {
    writer.Int64(value.as_int());
  } else if (value.is_double()) {
    double number = value.as_double();
    if (std::isfinite(number)) {
      writer.Double(number);
    } else {
      WriteString(writer, NumberOrName(number).as_string());
    }
  } else if (value.is_string()) {
    WriteString(writer, value.as_string());
  } else if (value.is_array()) {
    writer.StartArray();
    for (const Value& element : value.as_array()) WriteTo(writer, element);
    writer.EndArray();
  } else {
    writer.StartObject();
    for (const auto& [key, member] : value.as_object()) {
      writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
      WriteTo(writer, member);
    }
    writer.EndObject();
  }
}
}  // namespace

std::string Write(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  WriteTo(writer, value);
  return std::string(buffer.GetString(), buffer.GetSize());
}

std::string WritePretty(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  WriteTo(writer, value);
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace rw::json
