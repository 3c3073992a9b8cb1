#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

using testing::Answer;

class DeletionTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    ws = MakeWorkspace();
    url = "/api/v1/workspaces/" + ws;
  }
  /// An interactive run, completed unless `alive`.
  void MakeRun(const std::string& id, const std::string& parent = {}, bool alive = false) {
    json::Value body;
    body.Set("experiment", "digits").Set("run_id", id);
    if (!parent.empty()) body.Set("parent_id", parent);
    Answer made = Do("POST", url + "/runs", json::Write(body));
    ASSERT_EQ(made.status(), 201) << made.response->body.bytes;
    if (alive) return;
    Answer ended = Do("POST", "/api/v1/runs/" + id + "/end", R"({"status":"Completed"})");
    ASSERT_EQ(ended.json().StringOr("status"), "Completed");
  }
  std::vector<std::string> Listed(const std::string& query) {
    std::vector<std::string> ids;
    const json::Value answer = Do("GET", url + "/runs" + query).json();
    for (const json::Value& run : answer["items"].as_array()) ids.push_back(run.StringOr("id"));
    return ids;
  }
  size_t Experiments(const std::string& query = {}) {
    return Do("GET", url + "/experiments" + query).json()["items"].as_array().size();
  }
  using Ids = std::vector<std::string>;
  std::string ws;
  std::string url;
};

TEST_F(DeletionTest, ADeletedRunIsNowhereAndSaysWhy) {
  MakeRun("r1");
  MakeRun("r2", "r1");
  MakeRun("r3", "r2");
  MakeRun("r4");
  Answer deleted = Do("DELETE", "/api/v1/runs/r1");
  EXPECT_EQ(deleted.json()["deleted"].as_array().size(), 3u);
  EXPECT_GT(deleted.json().StringOr("purge_time"), deleted.json().StringOr("deleted_time"));
  EXPECT_EQ(Listed("?include_children=true"), (Ids{"r4"}));
  EXPECT_EQ(Listed("?include_children=true&view=all"), (Ids{"r4"}));
  EXPECT_EQ(Listed("?view=deleted"), (Ids{"r1"}));
  for (const char* path : {"", "/metrics", "/artifacts", "/logs", "/journal"}) {
    Answer got = Do("GET", std::string("/api/v1/runs/r2") + path);
    EXPECT_EQ(got.status(), 404) << path;
    EXPECT_NE(got.response->body.bytes.find("was deleted"), std::string::npos) << path;
  }
  EXPECT_EQ(Do("PATCH", "/api/v1/runs/r1", R"({"tags":{"a":"b"}})").status(), 404);
  EXPECT_EQ(Do("POST", "/api/v1/runs/r1/metrics", R"({"metrics":[]})").status(), 404);
  EXPECT_EQ(Do("DELETE", "/api/v1/runs/r1").json()["deleted"].as_array().size(), 0u);
  EXPECT_EQ(Do("DELETE", "/api/v1/runs/never").status(), 404);
}

TEST_F(DeletionTest, RestoreBringsBackWhatWentWithIt) {
  MakeRun("r1");
  MakeRun("r2", "r1");
  MakeRun("r3", "r1");
  ASSERT_EQ(Do("DELETE", "/api/v1/runs/r2").status(), 200);
  loop.Advance(1'000'000);
  ASSERT_EQ(Do("DELETE", "/api/v1/runs/r1").status(), 200);
  EXPECT_EQ(Do("POST", "/api/v1/runs/r3/restore").status(), 409);
  Answer back = Do("POST", "/api/v1/runs/r1/restore");
  EXPECT_EQ(json::Write(back.json()), R"({"restored":["r1","r3"]})");
  EXPECT_EQ(Listed("?include_children=true"), (Ids{"r3", "r1"}));
  EXPECT_EQ(Do("GET", "/api/v1/runs/r2").status(), 404);
  EXPECT_EQ(Do("POST", "/api/v1/runs/r2/restore").status(), 200);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r2").status(), 200);
}

TEST_F(DeletionTest, ALiveRunIsNamedAndNothingIsDeleted) {
  MakeRun("r1");
  MakeRun("r2", "r1", true);
  Answer refused = Do("DELETE", "/api/v1/runs/r1");
  EXPECT_EQ(refused.status(), 412);
  EXPECT_NE(refused.json()["error"].StringOr("message").find("r2"), std::string::npos);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r1").status(), 200);
}

TEST_F(DeletionTest, AnIdOfADeletedRunIsNotTakenAgain) {
  MakeRun("r1");
  ASSERT_EQ(Do("DELETE", "/api/v1/runs/r1").status(), 200);
  Answer again = Do("POST", url + "/runs", R"({"experiment":"digits","run_id":"r1"})");
  EXPECT_EQ(again.status(), 409);
}

TEST_F(DeletionTest, ArchivedRunsAreSeenOnDemand) {
  MakeRun("r1");
  MakeRun("r2");
  EXPECT_FALSE(Do("POST", "/api/v1/runs/r1/archive").json().StringOr("archived_time").empty());
  EXPECT_EQ(Listed(""), (Ids{"r2"}));
  EXPECT_EQ(Listed("?view=archived"), (Ids{"r1"}));
  EXPECT_EQ(Listed("?view=all"), (Ids{"r2", "r1"}));
  EXPECT_EQ(Do("GET", "/api/v1/runs/r1").status(), 200);
  EXPECT_TRUE(Do("POST", "/api/v1/runs/r1/unarchive").json()["archived_time"].is_null());
  EXPECT_EQ(Listed("?view=active"), (Ids{"r2", "r1"}));
  EXPECT_EQ(Do("GET", url + "/runs?view=some").json()["error"].StringOr("field"), "view");
}

TEST_F(DeletionTest, AnExperimentWithRunsIsKeptUnlessTheyGoToo) {
  MakeRun("r1");
  EXPECT_EQ(Do("DELETE", url + "/experiments/digits").status(), 409);
  std::string id = Do("GET", url + "/experiments/digits").json().StringOr("id");
  Answer gone = Do("DELETE", url + "/experiments/" + id + "?delete_children=true");
  EXPECT_EQ(gone.json().IntOr("deleted_runs", 0), 1);
  EXPECT_EQ(Do("GET", url + "/experiments/digits").status(), 404);
  EXPECT_EQ(Do("DELETE", url + "/experiments/digits").status(), 404);
  EXPECT_EQ(Experiments() + Experiments("?view=all"), 0u);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r1").status(), 404);
  // A new run brings it back, and numbers go on.
  MakeRun("r2");
  EXPECT_EQ(Do("GET", "/api/v1/runs/r2").json().IntOr("number", 0), 2);
  EXPECT_EQ(Experiments(), 1u);
}

TEST_F(DeletionTest, AnExperimentWithALiveRunIsKept) {
  MakeRun("r1", "", true);
  EXPECT_EQ(Do("DELETE", url + "/experiments/digits?delete_children=true").status(), 412);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r1").status(), 200);
}

TEST_F(DeletionTest, RestoringARunBringsItsExperimentBack) {
  MakeRun("r1");
  ASSERT_EQ(Do("DELETE", url + "/experiments/digits?delete_children=1").status(), 200);
  ASSERT_EQ(Do("POST", "/api/v1/runs/r1/restore").status(), 200);
  EXPECT_EQ(Experiments(), 1u);
  EXPECT_EQ(Listed(""), (Ids{"r1"}));
}

TEST_F(DeletionTest, ArchivedExperimentsComeBackWhenUsed) {
  MakeRun("r1");
  ASSERT_EQ(Do("POST", url + "/experiments/digits/archive").status(), 200);
  EXPECT_EQ(Experiments(), 0u);
  EXPECT_EQ(Experiments("?view=archived"), 1u);
  EXPECT_EQ(Do("GET", url + "/experiments/digits").status(), 200);
  ASSERT_EQ(Do("POST", url + "/experiments/digits/reactivate").status(), 200);
  EXPECT_EQ(Experiments(), 1u);
  ASSERT_EQ(Do("POST", url + "/experiments/digits/archive").status(), 200);
  EXPECT_EQ(Do("POST", url + "/experiments", R"({"name":"digits"})").status(), 200);
  EXPECT_EQ(Experiments(), 1u);
}

}  // namespace
}  // namespace rw::server
