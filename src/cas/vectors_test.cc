// tests/vectors/snapshot.json and ignore.json, which the Python client passes too.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/strings.h"
#include "cas/ignore_rules.h"
#include "cas/snapshot_builder.h"
#include "cas/testing/temporary_folder.h"
#include "json/value.h"
#include "os/paths.h"

namespace rw::cas {
namespace {

json::Array LoadVectors(const std::string& name) {
  auto text = os::ReadFile(os::PosixFileSystem(), "tests/vectors/" + name);
  CHECK(text);
  auto value = json::Parse(*text);
  CHECK(value);
  return value->as_array();
}

void MakeEntry(const std::string& root, const json::Value& entry) {
  os::FileSystem& fs = os::PosixFileSystem();
  std::string name = entry["path_hex"].is_string() ? *HexDecode(entry.StringOr("path_hex"))
                                                   : entry.StringOr("path");
  std::string path = root + "/" + name;
  std::string type = entry.StringOr("type");
  ASSERT_TRUE(fs.MakeDirs(os::DirName(path)));
  if (type == "folder") {
    ASSERT_TRUE(fs.MakeDirs(path));
  } else if (type == "link") {
    ASSERT_TRUE(fs.MakeSymlink(entry.StringOr("target"), path));
  } else if (type == "fifo") {
    ASSERT_EQ(mkfifo(path.c_str(), 0644), 0);
  } else {
    auto file = fs.Open(path, os::OpenMode::kCreateNew);
    ASSERT_TRUE(file) << path;
    ASSERT_TRUE((*file)->Append(entry.StringOr("text")));
    uint32_t mode = static_cast<uint32_t>(std::stoul(entry.StringOr("mode", "644"), nullptr, 8));
    ASSERT_TRUE(fs.SetMode(path, mode));
  }
}

void ExpectSnapshot(const json::Value& expected, Snapshot snapshot) {
  EXPECT_EQ(snapshot.id.Hex(), expected.StringOr("id"));
  EXPECT_EQ(static_cast<int64_t>(snapshot.files), expected.IntOr("files", -1));
  EXPECT_EQ(static_cast<int64_t>(snapshot.bytes), expected.IntOr("bytes", -1));
  json::Array skipped;
  std::sort(snapshot.skipped.begin(), snapshot.skipped.end());
  for (const std::string& path : snapshot.skipped) skipped.push_back(path);
  EXPECT_EQ(json::Value(skipped), expected["skipped"]);
  json::Object trees;
  for (const SnapshotFolder& folder : snapshot.folders)
    trees[folder.path] = HexEncode(EncodeTree(TreeOf(snapshot, folder)));
  EXPECT_EQ(json::Value(trees), expected["trees"]);
}

TEST(Vectors, Snapshots) {
  for (const json::Value& vector : LoadVectors("snapshot.json")) {
    SCOPED_TRACE(vector.StringOr("name"));
    testing::TemporaryFolder folder;
    for (const json::Value& entry : vector["entries"].as_array()) MakeEntry(folder.path(), entry);
    auto snapshot = BuildSnapshot(folder.path());
    const json::Value& expected = vector["expected"];
    if (expected["error"].is_string()) {
      ASSERT_FALSE(snapshot);
      EXPECT_EQ(CodeName(snapshot.error().code()), expected.StringOr("error"));
    } else {
      ASSERT_TRUE(snapshot) << snapshot.error().ToString();
      ExpectSnapshot(expected, *std::move(snapshot));
    }
  }
}

TEST(Vectors, IgnoreRules) {
  for (const json::Value& vector : LoadVectors("ignore.json")) {
    IgnoreRules rules = IgnoreRules::Parse(vector.StringOr("rules"));
    for (const json::Value& one : vector["paths"].as_array()) {
      const json::Array& path = one.as_array();
      EXPECT_EQ(rules.ExcludesWithParents(path[0].as_string(), path[1].as_bool()),
                path[2].as_bool())
          << vector.StringOr("rules") << path[0].as_string() << path[1].as_bool();
    }
  }
}

}  // namespace
}  // namespace rw::cas
