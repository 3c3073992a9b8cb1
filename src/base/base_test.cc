#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/result.h"
#include "base/strings.h"

namespace rw {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Error(Code::kInvalidArgument, "odd", "n");
  return n / 2;
}
Result<int> Quarter(int n) { return TRY(Half(TRY(Half(n)))); }

TEST(Result, TryReturnsTheErrorOfTheFirstFailure) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(Quarter(6).error().field(), "n");
  EXPECT_EQ(Error(Code::kNotFound, "x").WithContext("open").message(), "open: x");
}

TEST(Hash, KnownVectors) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(Crc32("6789", Crc32("12345")), 0xcbf43926u);
}

TEST(Strings, EncodingsRoundTrip) {
  std::string bytes;
  for (int i = 0; i < 256; i++) bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(HexDecode(HexEncode(bytes)), bytes);
  EXPECT_EQ(Base64Decode(Base64Encode(bytes)), bytes);
  EXPECT_EQ(PercentDecode(PercentEncode(bytes)), bytes);
  EXPECT_FALSE(PercentDecode("%4"));
  EXPECT_FALSE(HexDecode("0g"));
}

TEST(Strings, Utf8) {
  EXPECT_TRUE(IsValidUtf8("příliš"));
  EXPECT_FALSE(IsValidUtf8("\xc0\xaf"));
  EXPECT_EQ(Utf8Lossy("a\xff"), "a\xef\xbf\xbd");
}

TEST(Strings, NearMatchesComeBestFirst) {
  EXPECT_EQ(NearMatches("STANDRD_NC6", {"Standard_NC6", "Standard_NC12", "x"})[0], "Standard_NC6");
}

TEST(Clock, UtcRoundTrip) {
  EXPECT_EQ(FormatUtc(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(ParseUtc(FormatUtc(1'700'000'000'123'456)), 1'700'000'000'123'456);
  EXPECT_EQ(ParseUtc("yesterday"), -1);
}

TEST(Random, GuidHasItsForm) {
  std::string guid = SystemRandom().Guid();
  EXPECT_EQ(guid.size(), 36u);
  EXPECT_EQ(guid[14], '4');
}

}  // namespace
}  // namespace rw
