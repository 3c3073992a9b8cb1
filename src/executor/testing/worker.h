// A script that logs and prints, for tests of what arrives.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "executor/testing/world.h"
#include "journal/record.h"
#include "journal/writer.h"

namespace rw::executor::testing {

/// Prints and logs 40 times, 10 ms apart, then exits with 7.
struct Worker {
  explicit Worker(World& world) : w(world) {
    w.supervisor.OnLaunch([this] {
      auto made =
          journal::Writer::Create(w.fs, w.loop, "/run/journal", WriterId("00000000000000aa"), "{}");
      ASSERT_TRUE(made);
      writer = std::move(*made);
      Step(0);
    });
  }
  void Step(int i) {
    if (i == 40) return w.supervisor.ExitCode(7);
    std::string line = "step " + std::to_string(i) + "\n";
    w.Log(line);
    printed += line;
    EXPECT_TRUE(writer->AppendNumber({i, i * 0.5, "loss"}));
    w.loop.After("step", std::chrono::milliseconds(10), [this, i] { Step(i + 1); });
  }
  void ExpectAllStored() {
    EXPECT_EQ(w.supervisor.starts(), 1);
    EXPECT_EQ(w.server.logs[World::kLog], printed);
    journal::Batch batch = journal::ParseRecords(w.server.journals["00000000000000aa"], 0);
    EXPECT_EQ(batch.records.size(), 41u);
    EXPECT_EQ(w.server.Report("exited").IntOr("exit_code", -1), 7);
    EXPECT_TRUE(w.server.Reported("finished"));
    EXPECT_EQ(w.server.most_in_flight, 1);
  }
  World& w;
  std::unique_ptr<journal::Writer> writer;
  std::string printed;
};

}  // namespace rw::executor::testing
