#include <gtest/gtest.h>

#include "meta/artifacts.h"
#include "meta/models.h"
#include "meta/schema.h"
#include "meta/settings.h"
#include "meta/snapshots.h"
#include "meta/workspaces.h"

namespace rw::meta {
namespace {

class Repositories : public ::testing::Test {
 protected:
  void SetUp() override {
    db_ = *db::Connection::Open(":memory:");
    ASSERT_TRUE(db::Migrate(*db_, Migrations()));
  }
  std::unique_ptr<db::Connection> db_;
};

TEST_F(Repositories, WorkspaceIsFoundByItsThreeKeys) {
  WorkspaceRepository workspaces(*db_);
  ASSERT_TRUE(workspaces.Insert({"w1", "ws", "sub", "rg", "local", 5}));
  EXPECT_EQ((*workspaces.Find("sub", "rg", "ws"))->id, "w1");
  EXPECT_FALSE(*workspaces.Find("sub", "other", "ws"));
  EXPECT_EQ(workspaces.Insert({"w2", "ws", "sub", "rg", "local", 5}).error().code(),
            Code::kConflict);
  EXPECT_EQ(workspaces.Get("w9").error().code(), Code::kNotFound);
}

TEST_F(Repositories, ExperimentNumbersItsRuns) {
  ExperimentRepository experiments(*db_);
  Experiment one{0, "e1", "one", "w1", 5};
  ASSERT_TRUE(experiments.Insert(&one));
  EXPECT_EQ(*experiments.NextNumber(one.row), 1);
  EXPECT_EQ(*experiments.NextNumber(one.row), 2);
  EXPECT_EQ(experiments.List("w1", 0, 10)->size(), 1u);
  EXPECT_EQ(experiments.List("w1", one.row, 10)->size(), 0u);
}

TEST_F(Repositories, AnUploadWinsOverAScan) {
  ArtifactRepository artifacts(*db_);
  EXPECT_EQ(*artifacts.Name(1, {"outputs/a", "d1", 1, "scan", 1}), Naming::kNew);
  EXPECT_EQ(*artifacts.Name(1, {"outputs/a", "d1", 1, "scan", 2}), Naming::kSame);
  EXPECT_EQ(*artifacts.Name(1, {"outputs/a", "d2", 1, "scan", 3}), Naming::kReplaced);
  EXPECT_EQ(*artifacts.Name(1, {"outputs/a", "d3", 1, "upload", 4}), Naming::kReplaced);
  EXPECT_EQ(*artifacts.Name(1, {"outputs/a", "d4", 1, "scan", 5}), Naming::kKept);
  EXPECT_EQ(*artifacts.Name(1, {"outputs/a", "d3", 1, "upload", 6}), Naming::kSame);
  EXPECT_EQ(artifacts.Name(1, {"outputs/a", "d5", 1, "upload", 7}).error().code(), Code::kConflict);
  EXPECT_EQ((*artifacts.Find(1, "outputs/a"))->digest, "d3");
}

TEST_F(Repositories, ALogIsListedLiveUntilItIsStored) {
  ArtifactRepository artifacts(*db_);
  ASSERT_TRUE(db_->Execute("INSERT INTO logs (run_row, name, number, size) VALUES (1,'l/x',1,9)"));
  ASSERT_TRUE(artifacts.Name(1, {"a", "d", 1, "scan", 1}));
  auto list = *artifacts.List(1, "");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_TRUE(list[1].live());
  EXPECT_EQ(artifacts.List(1, "l/")->size(), 1u);
  EXPECT_FALSE(artifacts.Name(1, {"l/x", "d", 1, "upload", 1}));
}

TEST_F(Repositories, ModelVersionsAreNeverGivenTwice) {
  ModelRepository models(*db_);
  Model model;
  model.workspace_id = "w1";
  model.name = "digits";
  model.files = {{"model.pkl", "d", 3}};
  ASSERT_TRUE(models.Insert(&model));
  ASSERT_TRUE(models.Insert(&model));
  EXPECT_EQ(model.version, 2);
  ASSERT_TRUE(models.Delete(model.row, 1));
  EXPECT_EQ(models.Get("w1", "digits", {})->version, 1);
  ASSERT_TRUE(models.Insert(&model));
  EXPECT_EQ(model.version, 3);
  EXPECT_EQ(models.Get("w1", "digits", 2).error().field(), "version");
  EXPECT_NE(models.Get("w1", "digit", {}).error().message().find("digits"), std::string::npos);
}

TEST_F(Repositories, ModelListFilters) {
  ModelRepository models(*db_);
  Model model;
  model.workspace_id = "w1";
  model.name = "a";
  model.tags.Set("kind", "x");
  ASSERT_TRUE(models.Insert(&model));
  ASSERT_TRUE(models.Insert(&model));
  model.name = "b";
  model.tags = json::Object{};
  ASSERT_TRUE(models.Insert(&model));
  auto count = [&](ModelFilter filter) { return models.List("w1", filter)->size(); };
  EXPECT_EQ(count({}), 3u);
  EXPECT_EQ(count({.latest = true}), 2u);
  EXPECT_EQ(count({.tags = {"kind=x"}}), 2u);
  EXPECT_EQ(count({.tags = {"kind=y"}}), 0u);
  EXPECT_EQ(count({.limit = 1}), 1u);
}

TEST_F(Repositories, SettingsAndSnapshots) {
  EXPECT_EQ(*GetSetting(*db_, "x"), "");
  ASSERT_TRUE(PutSetting(*db_, "x", "1"));
  ASSERT_TRUE(PutSetting(*db_, "x", "2"));
  EXPECT_EQ(*GetSetting(*db_, "x"), "2");
  SnapshotRepository snapshots(*db_);
  ASSERT_TRUE(snapshots.Insert({"s", 1, 2, 3}));
  ASSERT_TRUE(snapshots.Insert({"s", 1, 2, 3}));
  EXPECT_EQ((*snapshots.Find("s"))->bytes, 2);
}

}  // namespace
}  // namespace rw::meta
