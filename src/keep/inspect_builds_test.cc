#include "keep/inspect_builds.h"

#include <gtest/gtest.h>

#include "db/migrations.h"
#include "meta/environments.h"
#include "meta/schema.h"
#include "os/testing/memory_file_system.h"

namespace rw::keep {
namespace {

class InspectBuildsTest : public ::testing::Test {
 protected:
  static inline const std::string id = std::string(64, 'b');
  static inline const std::string folder = "/builds/" + id;
  static inline const std::string packages = folder + "/lib/python3.11/site-packages";

  void SetUp() override {
    db = *db::Connection::Open(":memory:");
    ASSERT_TRUE(db::Migrate(*db, meta::Migrations()));
    meta::EnvLock row;
    row.env_id = std::string(64, 'e');
    row.spec = "{}";
    row.state = meta::EnvLock::State::kReady;
    row.lock = "six==1.0\n";
    row.build_id = id;
    row.python.Set("version", "3.11.7").Set("path", "/usr/bin/python3");
    ASSERT_TRUE(meta::EnvLockRepository(*db).Put(row));
    Write("/usr/bin/python3", "python");
    Write(packages + "/six.py", "hello");
    Write(folder + "/bin/six", "run");
    Write(packages + "/six-1.0.dist-info/RECORD",
          "six.py,sha256=LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ,5\n"
          "../../../bin/six,,3\nsix-1.0.dist-info/RECORD,,\n\"__pycache__/six.pyc\",,\n");
    ASSERT_TRUE(fs.MakeSymlink("/usr/bin/python3", folder + "/bin/python"));
  }
  void Write(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(fs.MakeDirs(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(os::WriteFileAtomically(fs, path, bytes));
  }
  /// The findings that are not good.
  std::vector<Finding> Wrong(BuildsView view = {.folder = "/builds"}) {
    auto found = InspectBuilds(*db, fs, view);
    EXPECT_TRUE(found) << found.error().ToString();
    std::vector<Finding> out;
    for (Finding& one : *found)
      if (one.health != Health::kGood) out.push_back(std::move(one));
    return out;
  }

  os::testing::MemoryFileSystem fs;
  std::unique_ptr<db::Connection> db;
};

TEST_F(InspectBuildsTest, ABuildAsPublishedIsGood) {
  EXPECT_TRUE(Wrong().empty());
  EXPECT_TRUE(Wrong({.folder = "/builds", .deep = true}).empty());
}

TEST_F(InspectBuildsTest, ChangedFilesAreNamed) {
  Write(packages + "/six.py", "HELLO");
  EXPECT_TRUE(ChangedFiles(fs, folder, false).empty()) << "of the same size";
  EXPECT_EQ(ChangedFiles(fs, folder, true),
            std::vector<std::string>{"lib/python3.11/site-packages/six.py"});
  ASSERT_TRUE(fs.Remove(folder + "/bin/six"));
  auto wrong = Wrong();
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].health, Health::kError);
  EXPECT_NE(wrong[0].text.find("bin/six"), std::string::npos) << wrong[0].text;
}

TEST_F(InspectBuildsTest, AnInterpreterThatWentAwayIsAWarning) {
  ASSERT_TRUE(fs.Remove("/usr/bin/python3"));
  auto wrong = Wrong();
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].health, Health::kWarning);
  EXPECT_NE(wrong[0].text.find("3.11.7 went away (/usr/bin/python3)"), std::string::npos);
}

TEST_F(InspectBuildsTest, LeftoversAndStrangersAreTold) {
  ASSERT_TRUE(fs.MakeDirs("/builds/.part-1234"));
  ASSERT_TRUE(fs.MakeDirs("/builds/" + std::string(64, 'c')));
  BuildsView view{.folder = "/builds", .now_us = int64_t{1} << 60};
  EXPECT_EQ(Wrong(view).size(), 2u);
  view.at_work = true;
  auto wrong = Wrong(view);
  ASSERT_EQ(wrong.size(), 1u) << "what is half made belongs to the build at work";
  EXPECT_EQ(wrong[0].health, Health::kNote);
  EXPECT_EQ(Wrong({.folder = "/builds", .disk_free_bytes = 1000})[0].subject, "disk");
}

TEST_F(InspectBuildsTest, RegisteredInterpretersMustBeThere) {
  meta::NamedEnvironment named;
  named.workspace_id = "w";
  named.name = "mine";
  named.env_id = "e";
  named.spec.Set("kind", "interpreter").Set("interpreter_path", "/opt/none/bin/python");
  named.definition = json::Object();
  ASSERT_TRUE(meta::NamedEnvironmentRepository(*db).Register(&named));
  auto wrong = Wrong();
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].subject, "environment mine:1");
}

}  // namespace
}  // namespace rw::keep
