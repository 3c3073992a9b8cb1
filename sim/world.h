// Virtual time. One thread runs everything; what happens is a function of the seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"
#include "sim/coverage.h"

namespace rw::sim {

/// Repeats with its seed.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  void Fill(void* out, size_t size) override;
  /// 0 … bound-1.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : engine_() % bound; }
  bool Chance(double probability) {
    return static_cast<double>(Below(1'000'000)) < probability * 1e6;
  }

 private:
  std::mt19937_64 engine_;
};

/// Time, the order of events, and the trace hash over their names and times.
class World final : public Clock {
 public:
  explicit World(uint64_t seed) : random(seed) {}

  int64_t WallMicros() override { return kEpochMicros + now_ + wall_shift_; }
  int64_t BootMicros() override { return kBootMicros + now_; }
  int64_t now() const { return now_; }
  /// Somebody sets the wall clock; the boot clock goes on as it was.
  void JumpWall(int64_t micros) { wall_shift_ += micros; }

  void At(int64_t micros, std::string_view name, Task task);
  /// Runs the next event; false when there is none or it lies beyond `until`.
  bool Step(int64_t until);
  /// Mixes a fact into the trace hash: two runs of one seed must agree on every one.
  void Trace(std::string_view fact);
  uint64_t trace_hash() const { return hash_; }

  SeededRandom random;
  Coverage coverage;

 private:
  static constexpr int64_t kEpochMicros = 1'700'000'000'000'000;
  static constexpr int64_t kBootMicros = 1'000'000;
  struct Event {
    std::string name;
    Task task;
  };
  int64_t now_ = 0;
  int64_t wall_shift_ = 0;
  uint64_t order_ = 0;
  uint64_t hash_ = 1469598103934665603u;
  std::map<std::pair<int64_t, uint64_t>, Event> events_;
};

/// The loop of one simulated process. After Kill nothing that it had planned happens.
class ProcessLoop final : public Loop {
 public:
  ProcessLoop(World& world, std::string name) : world_(world), name_(std::move(name)) {}
  void Post(std::string_view name, Task task) override;
  TimerId After(std::string_view name, std::chrono::microseconds delay, Task task) override;
  void Cancel(TimerId timer) override;
  void Kill() { *alive_ = false; }
  bool alive() const { return *alive_; }
  std::shared_ptr<bool> life() const { return alive_; }

 private:
  World& world_;
  std::string name_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<std::set<TimerId>> timers_ = std::make_shared<std::set<TimerId>>();
  TimerId next_timer_ = 1;
};

/// Work takes a little virtual time, then `done`.
class InlinePool final : public WorkerPool {
 public:
  InlinePool(World& world, Loop& loop) : world_(world), loop_(loop) {}
  void Run(std::string_view name, Task work, Task done) override;

 private:
  World& world_;
  Loop& loop_;
};

}  // namespace rw::sim
