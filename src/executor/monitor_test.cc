#include "executor/monitor.h"

#include <gtest/gtest.h>

#include "executor/testing/world.h"

namespace rw::executor {
namespace {

using std::chrono::seconds;
using testing::World;

TEST(Monitor, SamplesAreSentApartAndThePeakIsInTheSummary) {
  World w;
  w.node.sample.resident_bytes = 300'000'000;
  w.node.sample.received_bytes = 0;
  w.node.sample.gpus = {{50, 1 << 20}};
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.loop.RunFor(seconds(4));
  w.node.sample.cpu_us += 2'500'000;
  w.node.sample.received_bytes = 5'000'000;
  w.node.sample.resident_bytes = 900'000'000;
  w.loop.RunFor(seconds(2));
  w.node.sample.resident_bytes = 100'000'000;
  w.loop.RunFor(seconds(40));
  EXPECT_EQ(w.server.system_metrics.size(), 1u) << "in batches";
  w.supervisor.ExitCode(0);
  ASSERT_TRUE(w.RunUntilDone());
  ASSERT_EQ(w.server.system_metrics.size(), 2u) << "the last ones before the end";
  const json::Value& values = w.server.system_metrics[0]["values"];
  EXPECT_EQ(values["memory_bytes"].as_array()[1].as_double(), 900'000'000);
  EXPECT_TRUE(values["cpu_percent"].as_array()[0].is_null()) << "no interval yet";
  EXPECT_NEAR(values["cpu_percent"].as_array()[1].as_double(), 50, 1);
  EXPECT_NEAR(values["network_received_bytes_per_second"].as_array()[1].as_double(), 1e6, 1e4);
  EXPECT_EQ(values["gpu0_percent"].as_array()[0].as_double(), 50);
  size_t size = w.server.system_metrics[0]["times_us"].as_array().size();
  for (const auto& [name, column] : values.as_object())
    EXPECT_EQ(column.as_array().size(), size) << name;
  EXPECT_EQ(w.server.Report("exited")["summary"].IntOr("peak_memory_bytes", 0), 900'000'000);
}

TEST(Monitor, SamplesAreBoundedWhileTheServerIsAway) {
  World w;
  w.server.grant.Set("token", "");
  Context context{w.loop, w.loop, w.fs, w.loop, w.random};
  TransportFactory factory = [&](const std::string&) {
    return Result<std::shared_ptr<net::Transport>>(
        std::shared_ptr<net::Transport>(std::shared_ptr<char>(), &w.server));
  };
  ServerLink link(context, factory, "http://one", "");
  link.Authorize("", "a1", 1);
  Monitor monitor(context, link, w.node, "r1", "/run");
  monitor.Start();
  w.loop.RunFor(seconds(60));
  w.server.away = true;
  w.loop.RunFor(seconds(3600 * 60));
  w.server.away = false;
  w.loop.RunFor(seconds(300));
  size_t most = 0;
  for (const json::Value& batch : w.server.system_metrics)
    most = std::max(most, batch["times_us"].as_array().size());
  EXPECT_GE(w.server.system_metrics.size(), 2u);
  EXPECT_EQ(most, 2000u);
}

}  // namespace
}  // namespace rw::executor
