#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "json/text.h"
#include "json/value.h"

namespace rw::json {
namespace {

TEST(Json, RoundTripIsCanonical) {
  std::string text = R"({"a":[1,2.5,null,true,"x\n"],"b":{}})";
  EXPECT_EQ(Write(*Parse("{\"b\":{}, \"a\":[1,2.5,null,true,\"x\\n\"]}")), text);
}

TEST(Json, DoublesAreExact) {
  for (double v : {0.1, 1e300, 5e-324, -0.0, 123456789.123456789, 1.0 / 3}) {
    Value back = *Parse(Write(Value(v)));
    double read = back.as_double();
    EXPECT_EQ(std::memcmp(&read, &v, sizeof v), 0) << v;
  }
}

TEST(Json, BadTextNamesTheByte) {
  for (const char* bad : {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "\"\xff\"", "1 2", "nul"}) {
    auto parsed = Parse(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code(), Code::kInvalidArgument);
  }
  EXPECT_FALSE(Parse(std::string(100000, '[')));
  EXPECT_FALSE(Parse(std::string_view("1\0", 2)));
}

TEST(Json, NonFiniteNumbersHaveNames) {
  EXPECT_TRUE(std::isnan(*DoubleFrom(NumberOrName(NAN))));
  EXPECT_EQ(*DoubleFrom(NumberOrName(-INFINITY)), -INFINITY);
  EXPECT_FALSE(DoubleFrom(Value("nan")));
}

TEST(Json, StrictReadsNameTheField) {
  Value v = *Parse(R"({"n":"x","list":["a",1]})");
  EXPECT_EQ(OptionalInt(v, "n", 0, 0, 9).error().field(), "n");
  EXPECT_EQ(OptionalStringList(v, "list").error().field(), "list[1]");
  EXPECT_EQ(RequireString(v, "none").error().code(), Code::kInvalidArgument);
  EXPECT_EQ(*OptionalInt(v, "none", 7, 0, 9), 7);
}

TEST(Json, TextIsWrittenAsValuesAre) {
  std::string long_one = "q\"\\ \n\x01 \xc3\xa9", broken = "a\xff";
  for (const std::string& text : {std::string("plain"), long_one, broken, std::string()}) {
    std::string out;
    AppendQuoted(out, text);
    EXPECT_EQ(*Parse(out), *Parse(Write(Value(text)))) << out;
  }
  for (double v : {0.1, 5.0, 1e300, 5e-324, -0.0, 1e15, 1e22, 1.0 / 3, 123456789.125}) {
    std::string out;
    AppendDouble(out, v);
    Value back = *Parse(out);
    ASSERT_TRUE(back.is_double()) << out;
    double read = back.as_double();
    EXPECT_EQ(std::memcmp(&read, &v, sizeof v), 0) << out;
  }
  std::string names;
  AppendDouble(names, NAN);
  AppendDouble(names, -INFINITY);
  EXPECT_EQ(names, "\"NaN\"\"-Infinity\"");
}

TEST(Json, RawMembers) {
  std::string text = R"({"a":[1,{"b":"}"}],"b\"":"x,\"}","c":{},"d":7})";
  EXPECT_EQ(RawMember(text, "a"), R"([1,{"b":"}"}])");
  EXPECT_EQ(RawMember(text, "c"), "{}");
  EXPECT_EQ(RawMember(text, "d"), "7");
  EXPECT_EQ(RawMember(text, "b"), "");
  EXPECT_EQ(RawMember("{}", "a"), "");
  EXPECT_EQ(RawMember("", "a"), "");
  EXPECT_EQ(RawMember("{\"a", "a"), "");
}

}  // namespace
}  // namespace rw::json
