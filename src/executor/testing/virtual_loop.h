// A loop, a pool and a clock on virtual time: nothing waits, everything happens in one thread.
#pragma once

#include <deque>
#include <map>

#include "base/clock.h"
#include "base/loop.h"

namespace rw::executor::testing {

class VirtualLoop final : public Loop, public WorkerPool, public Clock {
 public:
  void Post(std::string_view, Task task) override { ready_.push_back(std::move(task)); }
  TimerId After(std::string_view, std::chrono::microseconds delay, Task task) override {
    TimerId id = ++last_timer_;
    timers_.emplace(std::make_pair(now_us_ + delay.count(), id), std::move(task));
    return id;
  }
  void Cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  void Run(std::string_view, Task work, Task done) override {
    Post("work", [work = std::move(work), done = std::move(done)] {
      work();
      done();
    });
  }
  int64_t WallMicros() override { return 1'700'000'000'000'000 + wall_jump_us_ + now_us_; }
  int64_t BootMicros() override { return now_us_; }

  /// Somebody sets the clock.
  void JumpWall(int64_t us) { wall_jump_us_ += us; }

  /// Until `until` holds, or `limit` of virtual time has passed: then false.
  template <class F>
  bool RunUntil(F until, std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    int64_t deadline = now_us_ + std::chrono::microseconds(limit).count();
    while (!until()) {
      if (!Step(deadline)) return until();
    }
    return true;
  }
  void RunFor(std::chrono::milliseconds time) {
    RunUntil([] { return false; }, time);
  }

 private:
  bool Step(int64_t deadline) {
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      task();
      return true;
    }
    if (timers_.empty() || timers_.begin()->first.first > deadline) {
      now_us_ = deadline;
      return false;
    }
    auto node = timers_.extract(timers_.begin());
    now_us_ = std::max(now_us_, node.key().first);
    node.mapped()();
    return true;
  }

  std::deque<Task> ready_;
  std::map<std::pair<int64_t, TimerId>, Task> timers_;
  TimerId last_timer_ = 0;
  int64_t now_us_ = 0;
  int64_t wall_jump_us_ = 0;
};

}  // namespace rw::executor::testing
