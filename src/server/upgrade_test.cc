// A data folder of the first release under this one; executors of other releases.
#include "model/protocol.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

using testing::Answer;

/// The database has the first migration only, and rows that the first release wrote.
class UpgradeTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs.MakeDirs("/data", 0700));
    db = *db::Connection::Open(":memory:");
    ASSERT_TRUE(db::Migrate(*db, meta::Migrations().first(1)));
    ASSERT_TRUE(Auth::InsertOwnerToken(*db, owner, 1));
    auto filled = db->Execute(R"sql(
      INSERT INTO workspaces VALUES ('w','ws','sub','group','local',1);
      INSERT INTO experiments (row,id,workspace_id,name,created_us,last_number)
        VALUES (1,'e','w','digits',1,2);
      INSERT INTO runs (row,id,workspace_id,experiment_id,experiment,number,type,status,root_id,
        created_us,start_us,end_us) VALUES
        (1,'old','w','e','digits',1,'azureml.scriptrun','Completed','old',1,2,3),
        (2,'child','w','e','digits',2,'azureml.scriptrun','Failed','old',4,5,6);
      UPDATE runs SET parent_id='old' WHERE id='child';
      INSERT INTO run_tags VALUES (1,'kind','big');
      INSERT INTO run_properties VALUES (1,'p','q');
      INSERT INTO logs (run_row,name,number,size) VALUES (1,'azureml-logs/70_driver_log.txt',1,5);
      INSERT INTO artifacts VALUES (1,'outputs/m',
        '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',5,'upload',1,1);
      INSERT INTO models (row,workspace_id,name,version,run_id,experiment,created_us)
        VALUES (1,'w','digits',1,'old','digits',1);
      INSERT INTO journal_offsets (run_row,writer,offset,next_seq)
        VALUES (1,'00000000000000aa',120,3);
      -- 0, 0.5 and 1 as that release stored a batch of numbers.
      INSERT INTO metrics (id,run_row,name,type) VALUES (1,1,'loss','scalar');
      INSERT INTO metric_segments VALUES (1,1,1,'00000000000000aa',0,3,10,12,
        CAST(x'0100000A000000000000000A000000000000000000000000000000000B000000000000000B00'
        ||x'000000000000000000000000E03F000C000000000000000C00000000000000000000000000F03F' AS BLOB));)sql");
    ASSERT_TRUE(filled) << filled.error().message();
    auto done = db::Migrate(*db, meta::Migrations());
    ASSERT_TRUE(done) << done.error().ToString();
    StartCore();
  }
};

TEST_F(UpgradeTest, EverythingOfTheFirstReleaseIsServed) {
  Answer run = Do("GET", "/api/v1/runs/old");
  EXPECT_EQ(run.json().StringOr("status"), "Completed");
  EXPECT_EQ(run.json()["tags"].StringOr("kind"), "big");
  EXPECT_EQ(run.json()["properties"].StringOr("p"), "q");
  Answer runs = Do("GET", "/api/v1/workspaces/w/runs?include_children=true");
  EXPECT_EQ(runs.json()["items"].as_array().size(), 2u);
  const json::Value metrics = Do("GET", "/api/v1/runs/old/metrics").json();
  ASSERT_EQ(metrics["metrics"].as_array().size(), 1u);
  EXPECT_EQ(json::Write(metrics["metrics"].as_array()[0]["values"]), "[0.0,0.5,1.0]");
  EXPECT_EQ(Do("GET", "/api/v1/runs/old/artifacts").json()["items"].as_array().size(), 2u);
  EXPECT_EQ(Do("GET", "/api/v1/workspaces/w/models/digits").json().IntOr("version", 0), 1);
  EXPECT_EQ(Do("GET", "/api/v1/runs/old/journal").json()["writers"].IntOr("00000000000000aa", 0),
            120);
}

TEST_F(UpgradeTest, ItGoesOnFromThere) {
  Answer made = Do("POST", "/api/v1/workspaces/w/runs", R"({"experiment":"digits"})");
  EXPECT_EQ(made.json().IntOr("number", 0), 3);
  EXPECT_EQ(
      Do("POST", "/api/v1/runs/old/metrics", R"({"metrics":[{"name":"loss","value":2}]})").status(),
      200);
  const json::Value metrics = Do("GET", "/api/v1/runs/old/metrics").json();
  EXPECT_EQ(metrics["metrics"].as_array()[0]["values"].as_array().size(), 4u);
  EXPECT_EQ(Do("DELETE", "/api/v1/runs/old").json()["deleted"].as_array().size(), 2u);
}

class ProtocolTest : public testing::CoreFixture {
 protected:
  Answer Claim(int64_t protocol) {
    return Do("POST", "/api/v1/allocations/x/claim",
              R"({"claimant":"c","secret":"s","protocol":)" + std::to_string(protocol) + "}");
  }
  /// Of a request with that header.
  int StatusWith(const std::string& protocol) {
    net::Request request;
    request.method = "GET";
    EXPECT_TRUE(request.SetTarget("/api/v1/server"));
    request.headers["Authorization"] = "Bearer " + owner;
    request.headers[model::kProtocolHeader] = protocol;
    Status allowed = core->CheckHead(request);
    return allowed ? 200 : HttpStatus(allowed.error().code());
  }
};

TEST_F(ProtocolTest, ThisAndTheReleaseBeforeAreUnderstood) {
  for (int64_t version : {model::kExecutorProtocol, model::kOldestExecutorProtocol}) {
    EXPECT_EQ(Claim(version).status(), 404) << version;  // no such allocation: it got that far
    EXPECT_EQ(StatusWith(std::to_string(version)), 200);
  }
}

TEST_F(ProtocolTest, OthersAreToldWhatToDo) {
  Answer newer = Claim(model::kExecutorProtocol + 1);
  EXPECT_EQ(newer.status(), 412);
  EXPECT_NE(newer.json()["error"].StringOr("message").find("start a newer one"), std::string::npos);
  EXPECT_EQ(Claim(0).json()["error"].StringOr("field"), "protocol");
  for (const char* version : {"0", "99", "x"}) EXPECT_EQ(StatusWith(version), 412) << version;
}

}  // namespace
}  // namespace rw::server
