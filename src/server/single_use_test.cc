// Targets made for one run.
#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

class SingleUseTest : public RunTest {
 protected:
  void MakeTarget(const std::string& run_id) {
    std::string body = R"({"name":"once","vm_size":"nc6","max_nodes":1,"tags":{)";
    body += R"("runwright.single_use_run":")" + run_id + R"("}})";
    ASSERT_EQ(Do("POST", "/api/v1/workspaces/" + ws + "/computes", body).status(), 201);
  }
  int TargetStatus() { return Do("GET", "/api/v1/workspaces/" + ws + "/computes/once").status(); }
};

TEST_F(SingleUseTest, GoesWithItsRun) {
  MakeTarget("digits_1_0a");
  std::string id = SubmitId(R"(,"run_id":"digits_1_0a","target":"once")");
  loop.Advance(1000);
  EXPECT_EQ(TargetStatus(), 200);
  Finish(ClaimLast());
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(id), "Completed");
  EXPECT_EQ(Run(id).StringOr("target"), "once");
  EXPECT_EQ(TargetStatus(), 404);
}

TEST_F(SingleUseTest, StaysWhileOthersUseIt) {
  MakeTarget("digits_1_0a");
  SubmitId(R"(,"run_id":"digits_1_0a","target":"once")");
  loop.Advance(1000);
  SubmitId(R"(,"target":"once")");
  Finish(ClaimLast());
  loop.Advance(1000);
  EXPECT_EQ(TargetStatus(), 200);
}

TEST_F(SingleUseTest, OneWhoseRunNeverCameGoesAtAStartAfterAnHour) {
  MakeTarget("digits_1_0a");
  StartCore();
  loop.Advance(1000);
  EXPECT_EQ(TargetStatus(), 200);
  loop.Advance(int64_t{3601} * 1'000'000);
  StartCore();
  loop.Advance(1000);
  EXPECT_EQ(TargetStatus(), 404);
}

}  // namespace
}  // namespace rw::server
