#include "server/scheduler.h"

#include <gtest/gtest.h>

#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() {
    scheduler_.on_place = [this](int64_t, QueuedRun run, std::string node) {
      placed_.push_back(run.id + "@" + node);
    };
    scheduler_.on_wait = [this](const std::string& id, model::RunStatus status, model::Reason) {
      waits_.push_back(id + " " + std::string(model::StatusName(status)));
    };
  }
  void Cluster(int64_t min, int64_t max) {
    scheduler_.SetTarget(7, {.name = "cpu",
                             .kind = sched::TargetKind::kAml,
                             .vm_size = "STANDARD_D2_V2",
                             .min_nodes = min,
                             .max_nodes = max,
                             .idle_us = 5'000'000});
    loop_.Advance(0);
  }
  void Enqueue(int64_t row, const char* id) { scheduler_.Enqueue(7, {row, id, {}}); }

  rw::server::testing::ManualLoop loop_;
  Scheduler scheduler_{loop_, loop_};
  std::vector<std::string> placed_, waits_;
};

TEST_F(SchedulerTest, NodesComeTakeRunsAndLeave) {
  Cluster(0, 1);
  Enqueue(1, "a");
  Enqueue(2, "b");
  loop_.Advance(0);
  EXPECT_EQ(placed_, std::vector<std::string>{"a@cpu-0"});
  EXPECT_EQ(scheduler_.WaitingOf(7, "b")->reason.position, 1);
  scheduler_.Release(7, "cpu-0");
  loop_.Advance(0);
  EXPECT_EQ(placed_.back(), "b@cpu-0");
  scheduler_.Release(7, "cpu-0");
  loop_.Advance(0);
  EXPECT_EQ(scheduler_.FactsOf(7)->view.nodes.size(), 1u);
  EXPECT_FALSE(scheduler_.FactsOf(7)->resizing);
  loop_.Advance(5'000'000);
  EXPECT_TRUE(scheduler_.FactsOf(7)->view.nodes.empty());
  EXPECT_EQ(scheduler_.FactsOf(7)->state_us, loop_.WallMicros());
}

TEST_F(SchedulerTest, OrderIsThatOfSubmissionWhoeverWasReadyFirst) {
  Cluster(0, 1);
  Enqueue(5, "running");
  loop_.Advance(0);
  Enqueue(9, "later");
  Enqueue(8, "earlier");
  loop_.Advance(0);
  EXPECT_EQ(scheduler_.WaitingOf(7, "earlier")->reason.position, 1);
  EXPECT_EQ(scheduler_.WaitingOf(7, "later")->reason.position, 2);
  scheduler_.Dequeue("earlier");
  scheduler_.Release(7, "cpu-0");
  loop_.Advance(0);
  EXPECT_EQ(placed_.back(), "later@cpu-0");
}

TEST_F(SchedulerTest, NobodyOvertakesTheQueue) {
  scheduler_.SetTarget(0, {.name = "local", .max_nodes = 1});
  EXPECT_EQ(scheduler_.TryPlace(0, "a"), "local-0");
  EXPECT_EQ(scheduler_.TryPlace(0, "b"), std::nullopt);
  scheduler_.Enqueue(0, {2, "b", {}});
  scheduler_.Release(0, "local-0");
  EXPECT_EQ(scheduler_.TryPlace(0, "c"), std::nullopt) << "b waits";
  loop_.Advance(0);
  EXPECT_EQ(placed_.back(), "b@local-0");
}

}  // namespace
}  // namespace rw::server
