#include "executor/compat.h"

#include <gtest/gtest.h>

#include "os/testing/memory_file_system.h"

namespace rw::executor {
namespace {

TEST(Compat, NothingWithoutShimsAndRules) {
  LaunchPlan plan;
  EXPECT_EQ(CompatText(plan), "");
  plan.shims = {"tf1"};
  plan.sources = {{"http://h/a", "/srv/a", ""}, {"http://h", "", "http://m"}};
  EXPECT_EQ(CompatText(plan),
            R"({"shims":["tf1"],"sources":[{"folder":"/srv/a","prefix":"http://h/a"},)"
            R"({"mirror":"http://m","prefix":"http://h"}]})");
}

class CompatNotes : public ::testing::Test {
 protected:
  Warnings Read(std::string_view text) {
    EXPECT_TRUE(fs.MakeDirs("/run/state"));
    EXPECT_TRUE(ReplaceFile(fs, "/run/state/compat.jsonl", text));
    return ReadCompatNotes(fs, RunFolder{"/run"});
  }
  os::testing::MemoryFileSystem fs;
};

TEST_F(CompatNotes, EachOnceAndOnlyWholeLines) {
  EXPECT_TRUE(ReadCompatNotes(fs, RunFolder{"/run"}).empty());
  std::string line = R"({"source": "compat", "message": "np.float is gone"})";
  auto notes = Read(line + "\n" + line + "\nrubbish\n[1]\n{}\n" +
                    R"({"source": "sources", "message": "x was read from y"})" + "\n" +
                    R"({"source": "compat", "mess)");
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0].message, "np.float is gone");
  EXPECT_EQ(notes[1].source, "sources");
}

TEST_F(CompatNotes, AreBounded) {
  std::string text;
  for (int i = 0; i < 250; i++)
    text += R"({"message": ")" + std::to_string(i) + std::string(3000, 'x') + "\"}\n";
  auto notes = Read(text);
  ASSERT_EQ(notes.size(), 201u);
  EXPECT_EQ(notes[0].message.size(), 2000u);
  EXPECT_NE(notes[200].message.find("50 more notes"), std::string::npos);
}

}  // namespace
}  // namespace rw::executor
