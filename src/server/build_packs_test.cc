// What nodes that do not build fetch.
#include "server/build_packs.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/hash.h"
#include "env/build_folder.h"
#include "server/environment_text.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class BuildPacksTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/packsXXXXXX";
    root_ = mkdtemp(name.data());
    installer.folder = root_ + "/builds/";
    CoreFixture::SetUp();
    os::FileSystem& disk = os::PosixFileSystem();
    ASSERT_TRUE(disk.MakeDirs(root_ + "/builds/b1/bin"));
    ASSERT_TRUE(disk.MakeSymlink("/usr/bin/python3", root_ + "/builds/b1/bin/python"));
    Write("pyvenv.cfg", "home = /usr/bin\nversion_info = 3.11.2\n");
    Write("one.py", "VALUE = 1\n");
    ws_ = MakeWorkspace();
    for (const char* run : {"r", "other", "plain"}) InsertRun(run, ws_);
    Run("UPDATE runs SET build_id = 'b1' WHERE id IN ('r', 'other')");
    ASSERT_TRUE(Auth::InsertRunToken(*db, token_, "r", ws_, "allocation", 1));
  }
  ~BuildPacksTest() override { (void)os::PosixFileSystem().RemoveTree(root_); }
  void Run(const std::string& sql) {
    auto statement = db->Prepare(sql);
    ASSERT_TRUE(statement && statement->Run());
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(os::WriteFileAtomically(os::PosixFileSystem(), root_ + "/builds/b1/" + name, text));
  }

  const std::string token_ = std::string(64, 'c');
  std::string root_, ws_;
};

TEST_F(BuildPacksTest, ARunsTokenFetchesItsOwnBuildAlone) {
  testing::Answer listed = Do("GET", "/api/v1/runs/r/build", "", token_);
  ASSERT_EQ(listed.status(), 200) << listed.response->body.bytes;
  EXPECT_EQ(listed.json().StringOr("build_id"), "b1");
  auto packs = env::ParseBuildPacks(listed.json()["packs"]);
  ASSERT_TRUE(packs && packs->size() == 1U) << listed.response->body.bytes;
  const cas::PackFacts& facts = packs->front().facts;
  std::string pack = "/build/" + facts.digest.Hex();
  std::string range = "bytes=" + std::to_string(facts.content_bytes) + "-" +
                      std::to_string(facts.content_bytes + facts.index_bytes - 1);
  testing::Answer part = Do("GET", "/api/v1/runs/r" + pack, "", token_, range);
  ASSERT_EQ(part.status(), 206);
  ASSERT_TRUE(part.response->body.file);
  auto text = os::ReadFile(os::PosixFileSystem(), part.response->body.file->path());
  ASSERT_TRUE(text);
  EXPECT_EQ(Sha256Hex(text->substr(part.response->body.file->offset(), facts.index_bytes)),
            facts.digest.Hex());
  EXPECT_EQ(Do("GET", "/api/v1/runs/r" + pack).status(), 200) << "the owner's token";
  EXPECT_EQ(Do("GET", "/api/v1/runs/r" + pack, "", token_, "bytes=9999999-").status(), 416);
  for (const std::string& path : {std::string("/build"), pack}) {
    EXPECT_EQ(Do("GET", "/api/v1/runs/other" + path, "", token_).status(), 403) << path;
    EXPECT_EQ(Do("GET", "/api/v1/runs/r" + path, "", std::string(64, 'd')).status(), 401) << path;
    EXPECT_EQ(Do("GET", "/api/v1/runs/plain" + path).status(), 404) << path;
  }
  EXPECT_EQ(Do("GET", "/api/v1/runs/r/build/" + std::string(64, '0'), "", token_).status(), 404);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r/build/..%2Fb1", "", token_).status(), 404);
}

TEST_F(BuildPacksTest, WhatCannotTravelSaysWhy) {
  Write("pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = true\n");
  testing::Answer refused = Do("GET", "/api/v1/runs/r/build", "", token_);
  EXPECT_EQ(refused.status(), 412);
  EXPECT_NE(refused.json()["error"].StringOr("message").find("Name all packages"),
            std::string::npos);
}

TEST_F(BuildPacksTest, ATargetHasAFolderOfBuilds) {
  std::string all = "/api/v1/workspaces/" + ws_ + "/computes";
  std::string body = R"({"name":"nodes","vm_size":"STANDARD_D2_V2","env_root":"/srv/env/"})";
  testing::Answer made = Do("POST", all, body);
  ASSERT_EQ(made.status(), 201) << made.response->body.bytes;
  EXPECT_EQ(made.json().StringOr("env_root"), "/srv/env");
  EXPECT_EQ(Do("PATCH", all + "/nodes", R"({"max_nodes":2})").json().StringOr("env_root"),
            "/srv/env");
  for (const char* wrong : {"relative", "/", "/a/../b", "/a\\u0001"}) {
    testing::Answer refused =
        Do("PATCH", all + "/nodes", R"({"env_root":")" + std::string(wrong) + "\"}");
    EXPECT_EQ(refused.status(), 400) << wrong;
    EXPECT_EQ(refused.json()["error"].StringOr("field"), "env_root");
  }
  EXPECT_TRUE(Do("PATCH", all + "/nodes", R"({"env_root":""})").json()["env_root"].is_null());
}

TEST_F(BuildPacksTest, AnEnvironmentIsWhereTheNodeKeepsIt) {
  ReadyEnvironment ready;
  ready.build_id = "b1";
  ready.interpreter = "/server/builds/b1/bin/python";
  ready.path_prepend = {"/server/builds/b1/bin", "/elsewhere"};
  ready.protect.Set("build", "/server/builds/b1").Set("bytecode", "/server/bytecode/b1");
  EXPECT_EQ(OnNode(ready, "").interpreter, ready.interpreter);
  ReadyEnvironment there = OnNode(ready, "/node");
  EXPECT_EQ(there.interpreter, "/node/builds/b1/bin/python");
  EXPECT_EQ(there.path_prepend, (std::vector<std::string>{"/node/builds/b1/bin", "/elsewhere"}));
  EXPECT_EQ(there.protect.StringOr("build"), "/node/builds/b1");
  EXPECT_EQ(there.protect.StringOr("bytecode"), "/node/bytecode/b1");
  EXPECT_EQ(there.fetch.StringOr("env_root"), "/node");
  ready.image.Set("id", "sha256:1");
  EXPECT_TRUE(OnNode(ready, "/node").fetch.is_null());
}

}  // namespace
}  // namespace rw::server
