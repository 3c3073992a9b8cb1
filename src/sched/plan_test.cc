#include "sched/plan.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace rw::sched {
namespace {

TargetView Local(int64_t slots, std::vector<std::string> queue, int64_t running = 0) {
  TargetView view{{.name = "local", .kind = TargetKind::kLocal, .max_nodes = slots}, {}, queue};
  for (int64_t i = 0; i < running; i++) {
    view.nodes.push_back({"local-" + std::to_string(i), NodeState::kRunning, "r", 0});
  }
  return view;
}

TargetView Cluster(std::vector<Node> nodes, std::vector<std::string> queue) {
  return {{.name = "cpu",
           .kind = TargetKind::kAml,
           .vm_size = "STANDARD_D2_V2",
           .min_nodes = 0,
           .max_nodes = 2,
           .idle_us = 100},
          nodes,
          queue};
}

TEST(Plan, LocalTakesAsManyAsItHasSlotsInOrder) {
  Plan plan = MakePlan(Local(2, {"a", "b", "c", "d"}), 0);
  ASSERT_EQ(plan.placements.size(), 2u);
  EXPECT_EQ(plan.placements[0].run_id, "a");
  EXPECT_EQ(plan.placements[1].node_id, "local-1");
  ASSERT_EQ(plan.waiting.size(), 2u);
  EXPECT_EQ(plan.waiting[0].reason,
            (model::Reason{"waiting for a slot of 'local': all 2 are in use", 1}));
  EXPECT_EQ(plan.waiting[1].reason.position, 2);
  EXPECT_TRUE(plan.new_nodes.empty());
}

TEST(Plan, LocalWithFewerSlotsThanRunsStartsNothing) {
  EXPECT_TRUE(MakePlan(Local(1, {"a"}, 3), 0).placements.empty());
}

TEST(Plan, NodesComeOnDemandAndTakeTheirRun) {
  Plan plan = MakePlan(Cluster({}, {"a", "b", "c"}), 0);
  EXPECT_EQ(plan.new_nodes, (std::vector<std::string>{"cpu-0", "cpu-1"}));
  EXPECT_EQ(plan.waiting[0].status, model::RunStatus::kProvisioning);
  EXPECT_EQ(plan.waiting[0].reason.text, "a node of 'cpu' (STANDARD_D2_V2) is being prepared");
  EXPECT_EQ(plan.waiting[2].status, model::RunStatus::kQueued);
  plan = MakePlan(
      Cluster({{"cpu-0", NodeState::kIdle, "", 5}, {"cpu-1", NodeState::kPreparing, "", 5}},
              {"a", "b"}),
      6);
  ASSERT_EQ(plan.placements.size(), 1u);
  EXPECT_TRUE(plan.new_nodes.empty());
  EXPECT_EQ(plan.waiting[0].run_id, "b");
}

TEST(Plan, IdleNodesLeaveInTime) {
  std::vector<Node> nodes = {{"cpu-0", NodeState::kIdle, "", 50},
                             {"cpu-1", NodeState::kIdle, "", 10}};
  Plan plan = MakePlan(Cluster(nodes, {}), 60);
  EXPECT_TRUE(plan.leaving_nodes.empty());
  EXPECT_EQ(plan.wake_us, 110);
  plan = MakePlan(Cluster(nodes, {}), 110);
  EXPECT_EQ(plan.leaving_nodes, std::vector<std::string>{"cpu-1"});
  EXPECT_EQ(plan.wake_us, 150);
}

TEST(Plan, MinNodesStayAndComeUnasked) {
  TargetView view = Cluster({}, {});
  view.settings.min_nodes = 1;
  EXPECT_EQ(MakePlan(view, 0).new_nodes.size(), 1u);
  view.nodes = {{"cpu-0", NodeState::kIdle, "", 0}};
  EXPECT_TRUE(MakePlan(view, 1000).leaving_nodes.empty());
  EXPECT_EQ(TargetNodeCount(view), 1);
  EXPECT_FALSE(IsResizing(view));
}

TEST(Plan, IdleNodesAboveALoweredMaximumGoAtOnce) {
  TargetView view =
      Cluster({{"cpu-0", NodeState::kRunning, "a", 0}, {"cpu-1", NodeState::kIdle, "", 0}}, {});
  view.settings.max_nodes = 1;
  EXPECT_EQ(MakePlan(view, 1).leaving_nodes, std::vector<std::string>{"cpu-1"});
}

TEST(Plan, NeverMoreRunsThanNodes) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; round++) {
    TargetView view = round % 2 == 0 ? Local(random() % 5, {}) : Cluster({}, {});
    int64_t most = view.settings.max_nodes = random() % 5;
    for (int64_t i = 0; i < static_cast<int64_t>(random() % 6); i++) {
      bool running = view.settings.kind == TargetKind::kLocal || random() % 2 == 0;
      view.nodes.push_back({view.settings.name + "-" + std::to_string(i),
                            running ? NodeState::kRunning : NodeState(random() % 4), "x", 0});
    }
    for (unsigned i = 0; i < random() % 8; i++) view.queue.push_back("q" + std::to_string(i));
    Plan plan = MakePlan(view, 50);
    std::set<std::string> used;
    for (const Node& n : view.nodes) {
      if (n.state == NodeState::kRunning) used.insert(n.id);
    }
    int64_t running = static_cast<int64_t>(used.size());
    for (const Placement& p : plan.placements) EXPECT_TRUE(used.insert(p.node_id).second);
    EXPECT_TRUE(plan.placements.empty() ||
                running + static_cast<int64_t>(plan.placements.size()) <= most);
    EXPECT_EQ(plan.placements.size() + plan.waiting.size(), view.queue.size());
  }
}

}  // namespace
}  // namespace rw::sched
