#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "json/value.h"

namespace rw::json {
namespace {
constexpr size_t kMaxDepth = 64;
constexpr unsigned kFlags = rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag |
                            rapidjson::kParseValidateEncodingFlag;

/// Builds values bottom-up. Returning false stops the reader; `problem` says why.
struct Builder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
  struct Frame {
    Value value;
    std::string key;
  };
  std::vector<Frame> stack;
  Value root;
  std::string problem;

  bool Add(Value v) {
    if (stack.empty()) {
      root = std::move(v);
      return true;
    }
    Frame& top = stack.back();
    if (top.value.is_array()) {
      top.value.as_array().push_back(std::move(v));
      return true;
    }
    bool fresh = top.value.as_object().emplace(top.key, std::move(v)).second;
    if (!fresh) problem = "duplicate key '" + top.key + "'";
    return fresh;
  }
  bool Push(Value v) {
    if (stack.size() >= kMaxDepth) {
      problem = "nested deeper than 64 levels";
      return false;
    }
    stack.push_back({std::move(v), {}});
    return true;
  }
  bool Pop() {
    Value v = std::move(stack.back().value);
    stack.pop_back();
    return Add(std::move(v));
  }

  bool Null() { return Add(nullptr); }
  bool Bool(bool v) { return Add(v); }
  bool Int(int v) { return Add(v); }
  bool Uint(unsigned v) { return Add(int64_t{v}); }
  bool Int64(int64_t v) { return Add(v); }
  bool Uint64(uint64_t v) {
    if (v <= INT64_MAX) return Add(static_cast<int64_t>(v));
    return Add(static_cast<double>(v));
  }
  bool Double(double v) { return Add(v); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return Add(std::string(text, size));
  }
  bool StartObject() { return Push(Object()); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    stack.back().key.assign(text, size);
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return Pop(); }
  bool StartArray() { return Push(Array()); }
  bool EndArray(rapidjson::SizeType) { return Pop(); }
};
}  // namespace

Result<Value> Parse(std::string_view text) {
  std::string terminated(text);  // the reader wants a NUL at the end
  rapidjson::StringStream stream(terminated.c_str());
  Builder builder;
  rapidjson::Reader reader;
  rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, builder);
  if (parsed.IsError()) {
    std::string why =
        builder.problem.empty() ? rapidjson::GetParseError_En(parsed.Code()) : builder.problem;
    return Error(Code::kInvalidArgument,
                 "not valid JSON at byte " + std::to_string(parsed.Offset()) + ": " + why);
  }
  if (stream.Tell() != text.size())
    return Error(Code::kInvalidArgument, "not valid JSON: text holds a NUL byte");
  return std::move(builder.root);
}

}  // namespace rw::json
