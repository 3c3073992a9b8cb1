#include "base/seal.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(Seal, OpensWithTheSameKeyAndPlaceOnly) {
  const std::string key(kSealKeyBytes, 'k');
  for (const std::string& plain :
       {std::string(), std::string("s3cret"), std::string(25'600, 'x')}) {
    std::string sealed = Seal(key, "ws/name", plain, SystemRandom());
    EXPECT_EQ(sealed.find("s3cret"), std::string::npos);
    auto opened = Unseal(key, "ws/name", sealed);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(*opened, plain);
    EXPECT_EQ(Unseal(key, "ws/other", sealed).error().code(), Code::kCorrupt);
    EXPECT_EQ(Unseal(std::string(kSealKeyBytes, 'l'), "ws/name", sealed).error().code(),
              Code::kCorrupt);
    sealed[sealed.size() / 2] = static_cast<char>(sealed[sealed.size() / 2] ^ 1);
    EXPECT_EQ(Unseal(key, "ws/name", sealed).error().code(), Code::kCorrupt);
  }
  EXPECT_EQ(Unseal(key, "ws/name", "short").error().code(), Code::kCorrupt);
}

TEST(Seal, TwoSealsOfOneValueDiffer) {
  const std::string key(kSealKeyBytes, 'k');
  EXPECT_NE(Seal(key, "a", "v", SystemRandom()), Seal(key, "a", "v", SystemRandom()));
}

}  // namespace
}  // namespace rw
