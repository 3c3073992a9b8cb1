#include "env/python_version.h"

#include <gtest/gtest.h>

namespace rw::env {
namespace {

Interpreter Py(const std::string& version, const std::string& implementation = "cpython") {
  return {"/py/" + version, implementation, version, "/py/" + version, "/py"};
}
const std::vector<Interpreter> kInstalled = {Py("3.11.7"), Py("2.7.18"), Py("3.6.15"),
                                             Py("3.8.18"), Py("3.11.2"), Py("3.12.1")};

TEST(PythonVersion, ParsesOneToThreeNumbers) {
  EXPECT_EQ(*ParseVersion("3.8"), (Version{3, 8, -1}));
  EXPECT_EQ(*ParseVersion("3.6.2"), (Version{3, 6, 2}));
  for (const char* bad : {"", "3.", "3.8.1.2", "3.x", ">=3", "99999"})
    EXPECT_FALSE(ParseVersion(bad)) << bad;
}

TEST(PythonVersion, NothingAskedIsTheDefault) {
  auto choice = ChoosePython("", kInstalled);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->interpreter.version, "3.11.7");
  EXPECT_EQ(choice->warning, "");
}

TEST(PythonVersion, ExactMatchHasNoWarning) {
  for (auto [asked, expected] : {std::pair("3.8", "3.8.18"), std::pair("3.11.2", "3.11.2"),
                                 std::pair("3.11", "3.11.7"), std::pair("3", "3.11.7")}) {
    auto choice = ChoosePython(asked, kInstalled);
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->interpreter.version, expected) << asked;
    EXPECT_EQ(choice->warning, "") << asked;
  }
}

TEST(PythonVersion, NearestWithAWarning) {
  auto choice = ChoosePython("3.6.2", kInstalled);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->warning, "Python 3.6.2 is not installed; using 3.6.15, the nearest");
  EXPECT_EQ(ChoosePython("3.9", kInstalled)->interpreter.version, "3.8.18");
  EXPECT_EQ(ChoosePython("3.7", kInstalled)->interpreter.version, "3.8.18") << "newer of a tie";
  EXPECT_EQ(ChoosePython("2.7", kInstalled)->interpreter.version, "3.8.18") << "uv needs 3.6";
}

TEST(PythonVersion, NoneLeftSaysWhatToInstall) {
  auto choice = ChoosePython("3.8", {Py("2.7.18"), Py("3.9.1", "pypy")});
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(ChoosePython("", {}));
}

TEST(PythonVersion, AnOldDefaultIsReplaced) {
  auto choice = ChoosePython("", {Py("2.7.18"), Py("3.8.18")});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->interpreter.version, "3.8.18");
  EXPECT_NE(choice->warning, "");
}

}  // namespace
}  // namespace rw::env
