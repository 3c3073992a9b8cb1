// A user's script in the simulator: it logs, prints, makes child runs and outputs, and may be told
// to end. It outlives its executor, and its shim until somebody kills it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "executor/supervisor.h"
#include "journal/writer.h"
#include "os/testing/memory_file_system.h"
#include "sim/world.h"

namespace rw::sim {

/// `points` times: log i, print i; then write the outputs and exit.
struct ScriptPlan {
  int points = 0;
  int64_t step_us = 1000;
  int exit_code = 0;
  int children = 0;           // every other one is left open
  bool endless = false;       // goes on until it is killed
  bool stubborn = false;      // ignores SIGTERM
  bool two_writers = false;   // every third point comes from a forked process
  int damage_at = -1;         // the record of this point is damaged on the disk
  uint64_t output_bytes = 0;  // of outputs/model.bin, written at the end
};

struct ScriptChild {
  std::string run_id;
  bool ended = false;
  int points = 0;
  int64_t began_us = 0;    // by the monotonic clock
  int64_t lasted_us = -1;  // -1: the script did not end it
};

class Script : public std::enable_shared_from_this<Script> {
 public:
  using OnExit = std::function<void(executor::Outcome)>;
  Script(World& world, os::testing::MemoryFileSystem& disk, std::string folder,
         const std::string& run_id, ScriptPlan plan, OnExit on_exit);

  void Start();
  void Signal(int number);
  void Kill();
  /// Its shim is gone: nobody hears of its end any more.
  void Orphan() { on_exit_ = nullptr; }
  bool running() const { return running_; }

  // What it has done so far.
  int logged() const { return step_; }
  /// Points that its journals hold whole, in order.
  int readable() const { return plan_.damage_at >= 0 ? std::min(step_, plan_.damage_at) : step_; }
  bool damaged() const { return plan_.damage_at >= 0 && step_ > plan_.damage_at; }
  const std::vector<ScriptChild>& children() const { return children_; }
  /// What outputs/model.bin holds; "" where it was not written.
  const std::string& output() const { return output_; }
  std::string Log() const;
  /// By the monotonic clock.
  int64_t lasted_us() const { return ended_us_ - began_us_; }

 private:
  std::unique_ptr<journal::Writer> NewJournal();
  void Step();
  void LogPoint();
  void Damage(uint64_t size_before);
  void MakeChild();
  void EndChild(ScriptChild& child);
  void End(executor::Outcome outcome);

  World& world_;
  os::testing::MemoryFileSystem& disk_;
  std::string folder_;
  std::string run_id_;
  ScriptPlan plan_;
  OnExit on_exit_;
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<journal::Writer> forked_;
  std::string journal_path_;
  std::unique_ptr<os::File> log_;
  std::vector<ScriptChild> children_;
  std::string output_;
  int step_ = 0;
  int64_t began_us_ = 0;
  int64_t ended_us_ = 0;
  bool running_ = false;
};

}  // namespace rw::sim
