#include "base/hash.h"
#include "cas/tree.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

using testing::Answer;

class GcTest : public testing::CoreFixture {
 protected:
  static constexpr int64_t kDay = int64_t{24} * 3600 * 1'000'000;

  void SetUp() override {
    CoreFixture::SetUp();
    ws = MakeWorkspace();
    // Blobs of the memory file system have no age of their own: every age is enough.
    Rules(R"({"blob_days":0,"every_days":null})");
  }
  void Rules(const std::string& change) {
    Answer set = Do("PATCH", "/api/v1/server/retention", change);
    ASSERT_EQ(set.status(), 200) << set.response->body.bytes;
  }
  json::Value Collect(bool dry_run = false) {
    Answer done =
        Do("POST", "/api/v1/server/gc", dry_run ? R"({"dry_run":true})" : R"({"dry_run":false})");
    EXPECT_EQ(done.status(), 200) << done.response->body.bytes;
    return done.json();
  }
  int64_t Removed(const json::Value& report, const std::string& what) {
    return report["removed"][what].IntOr("count", -1);
  }
  void MakeRun(const std::string& id, const std::string& snapshot = {}) {
    json::Value body;
    body.Set("experiment", "digits").Set("run_id", id);
    if (!snapshot.empty()) body.Set("snapshot_id", snapshot);
    ASSERT_EQ(Do("POST", "/api/v1/workspaces/" + ws + "/runs", json::Write(body)).status(), 201);
    Do("POST", "/api/v1/runs/" + id + "/end", R"({"status":"Completed"})");
  }
  void Upload(const std::string& run, const std::string& name, const std::string& bytes) {
    Answer put = Do("PUT", "/api/v1/runs/" + run + "/artifacts/content?name=" + name, bytes);
    ASSERT_EQ(put.status(), 201) << put.response->body.bytes;
  }
  std::string Blob(const std::string& bytes) {
    std::string digest = Sha256Hex(bytes);
    EXPECT_EQ(Do("PUT", "/api/v1/blobs/" + digest, bytes).status(), 201);
    return digest;
  }
  std::string Snapshot(const std::string& file) {
    cas::Tree tree = {{cas::EntryMode::kFile, *cas::Digest::Parse(Blob(file)), file.size(), "f"}};
    std::string id = Blob(cas::EncodeTree(tree));
    EXPECT_EQ(Do("POST", "/api/v1/snapshots", R"({"id":")" + id + "\"}").status(), 201);
    return id;
  }
  bool Has(const std::string& bytes) {
    return Do("GET", "/api/v1/blobs/" + Sha256Hex(bytes)).status() == 200;
  }
  std::string ws;
};

TEST_F(GcTest, WhatIsNamedStaysAndWhatNobodyNamesGoes) {
  MakeRun("r1", Snapshot("print()"));
  Upload("r1", "outputs/m", "model");
  Blob("nobody's");
  Snapshot("never run");
  loop.Advance(1000);
  json::Value dry = Collect(true);
  EXPECT_EQ(Removed(dry, "blobs"), 3);
  EXPECT_TRUE(Has("nobody's"));
  json::Value done = Collect();
  EXPECT_EQ(Removed(done, "blobs"), 3);
  EXPECT_EQ(Removed(done, "snapshots"), 1);
  EXPECT_EQ(done["space"]["blobs"].IntOr("count", 0), 6);
  EXPECT_FALSE(Has("nobody's") || Has("never run"));
  EXPECT_TRUE(Has("model") && Has("print()"));
  EXPECT_EQ(Removed(Collect(), "blobs"), 0);
}

TEST_F(GcTest, WhatARegisteredEnvironmentCopiesFromStays) {
  json::Value image;
  image.Set("dockerfile", "FROM a\nCOPY f /\n").Set("context", Snapshot("copied"));
  json::Value body;
  body.Set("name", "ours").Set("definition", json::Object());
  body.Set("spec", json::Value(json::Object()).Set("image", image));
  ASSERT_EQ(Do("POST", "/api/v1/workspaces/" + ws + "/environments", json::Write(body)).status(),
            201);
  loop.Advance(1000);
  EXPECT_EQ(Removed(Collect(), "snapshots"), 0);
  EXPECT_TRUE(Has("copied"));
}

TEST_F(GcTest, ADeletedRunIsRemovedForGoodAfterItsGrace) {
  MakeRun("r1", Snapshot("print()"));
  Upload("r1", "outputs/m", "model");
  ASSERT_EQ(
      Do("POST", "/api/v1/runs/r1/metrics", R"({"metrics":[{"name":"a","value":1}]})").status(),
      200);
  MakeRun("r2");
  Upload("r2", "outputs/m", "other");
  ASSERT_EQ(Do("DELETE", "/api/v1/runs/r1").status(), 200);
  EXPECT_EQ(Removed(Collect(), "runs"), 0);
  EXPECT_TRUE(Has("model"));
  loop.Advance(15 * kDay);
  EXPECT_EQ(Removed(Collect(true), "blobs"), 3);
  json::Value done = Collect();
  EXPECT_EQ(Removed(done, "runs"), 1);
  EXPECT_EQ(Removed(done, "blobs"), 3);
  EXPECT_FALSE(Has("model"));
  EXPECT_TRUE(Has("other"));
  Answer gone = Do("POST", "/api/v1/runs/r1/restore");
  EXPECT_EQ(gone.status(), 404);
  for (const char* table : {"artifacts", "metrics", "metric_segments"}) {
    std::string sql = "SELECT count(*) FROM ";
    sql += table;
    sql += " WHERE run_row = 1";
    auto row = *db->Prepare(sql);
    ASSERT_TRUE(*row.Step());
    EXPECT_EQ(row.Int(0), 0) << table;
  }
}

TEST_F(GcTest, ABlobThatIsNamedWhileTheCollectionWorksStays) {
  MakeRun("r1");
  std::string digest = Blob("found again");
  loop.Advance(1000);
  auto collection = Begin("POST", "/api/v1/server/gc", "{}");
  // The request comes while names are looked for; its answer may come before the sweep or after.
  loop.Advance(1);
  auto named = Begin("POST", "/api/v1/runs/r1/artifacts",
                     R"({"name":"outputs/m","size":11,"digest":")" + digest + "\"}");
  for (int i = 0; i < 1000 && !(collection->response && named->response); i++) loop.Advance(100);
  ASSERT_TRUE(collection->response && named->response);
  if (named->status() == 201)
    EXPECT_TRUE(Has("found again"));
  else
    EXPECT_EQ(named->status(), 412);
}

TEST_F(GcTest, OldRunsExpireUnlessTheyAreArchived) {
  MakeRun("r1");
  MakeRun("r2");
  ASSERT_EQ(Do("POST", "/api/v1/runs/r2/archive").status(), 200);
  Rules(R"({"run_days":30})");
  loop.Advance(31 * kDay);
  EXPECT_EQ(Removed(Collect(), "expired_runs"), 1);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r1").status(), 404);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r2").status(), 200);
  EXPECT_EQ(Do("POST", "/api/v1/runs/r1/restore").status(), 200);
}

TEST_F(GcTest, FoldersOfEndedRunsGo) {
  MakeRun("r1");
  ASSERT_TRUE(fs.MakeDirs("/data/runs/r1/wd", 0700));
  ASSERT_TRUE(os::WriteFileAtomically(fs, "/data/runs/r1/wd/train.py", "print()"));
  EXPECT_EQ(Removed(Collect(), "run_folders"), 0);
  loop.Advance(8 * kDay);
  json::Value done = Collect();
  EXPECT_EQ(done["removed"]["run_folders"].IntOr("bytes", 0), 7);
  EXPECT_FALSE(os::Exists(fs, "/data/runs/r1"));
}

TEST_F(GcTest, RulesAreCheckedAndKept) {
  Answer bad = Do("PATCH", "/api/v1/server/retention", R"({"run_days":-1})");
  EXPECT_EQ(bad.json()["error"].StringOr("field"), "run_days");
  EXPECT_EQ(Do("PATCH", "/api/v1/server/retention", R"({"days":1})").status(), 400);
  EXPECT_EQ(Do("PATCH", "/api/v1/server/retention", R"({"deleted_run_days":null})").status(), 400);
  Rules(R"({"run_days":1.5})");
  StartCore();
  EXPECT_EQ(Do("GET", "/api/v1/server/retention").json().DoubleOr("run_days", 0), 1.5);
}

}  // namespace
}  // namespace rw::server
