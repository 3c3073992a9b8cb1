#include "cas/tree.h"

#include <gtest/gtest.h>

namespace rw::cas {
namespace {

const std::string kHex(64, 'a');

std::string Raw(const std::string& entries) {
  return std::string("runwright-tree-1\0", 17) + entries;
}
std::string Entry(const std::string& head, const std::string& name) {
  return head + "\t" + name + std::string(1, '\0');
}
std::string File(const std::string& name) { return Entry("100644 " + kHex + " 3", name); }

TEST(TreeCodec, WhatIsEncodedIsDecoded) {
  Tree tree{{EntryMode::kFile, Digest::Of("a"), 1, "B"},
            {EntryMode::kFolder, Digest::Of("t"), 0, "a b"},
            {EntryMode::kLink, Digest::Of("l"), 9, "z"},
            {EntryMode::kExecutable, Digest::Of("x"), INT64_MAX, "\xc3\xbc"}};
  EXPECT_EQ(*DecodeTree(EncodeTree(tree)), tree);
  EXPECT_EQ(EncodeTree({}), Raw(""));
  EXPECT_TRUE(DecodeTree(EncodeTree({}))->empty());
  EXPECT_EQ(TreeSize(tree), uint64_t{INT64_MAX} + 10);
}

TEST(TreeCodec, HostileTreesAreRefused) {
  ASSERT_TRUE(DecodeTree(Raw(File("a") + File("b"))));
  const std::string bad[] = {
      "",
      "runwright-tree-1",
      Raw("x"),
      Raw(File("a")).substr(0, 90),
      Raw(File("")),
      Raw(File(".")),
      Raw(File("..")),
      Raw(File("a/b")),
      Raw(File("/etc")),
      Raw(File("a\nb")),
      Raw(File("\x7f")),
      Raw(File("\xff")),
      Raw(File("\xed\xa0\x80")),
      Raw(File(std::string(256, 'n'))),
      Raw(File("a") + File("a")),
      Raw(File("b") + File("a")),
      Raw(Entry("100666 " + kHex + " 3", "a")),
      Raw(Entry("160000 " + kHex + " 3", "a")),
      Raw(Entry("40000 " + kHex + " 3", "a")),
      Raw(Entry("100644 " + kHex.substr(1) + " 3", "a")),
      Raw(Entry("100644 " + std::string(64, 'A') + " 3", "a")),
      Raw(Entry("100644 " + kHex + " 03", "a")),
      Raw(Entry("100644 " + kHex + " -3", "a")),
      Raw(Entry("100644 " + kHex + " ", "a")),
      Raw(Entry("100644 " + kHex + " 9223372036854775808", "a")),
      Raw(Entry("100644 " + kHex + "  3", "a")),
  };
  for (const std::string& bytes : bad) {
    auto tree = DecodeTree(bytes);
    ASSERT_FALSE(tree) << bytes;
    EXPECT_EQ(tree.error().code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace rw::cas
