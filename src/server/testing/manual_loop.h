// A loop, a clock and a pool that a test steps by hand.
#pragma once

#include <deque>
#include <map>

#include "base/clock.h"
#include "base/loop.h"

namespace rw::server::testing {

class ManualLoop final : public Loop, public Clock, public WorkerPool {
 public:
  void Post(std::string_view, Task task) override { ready_.push_back(std::move(task)); }
  TimerId After(std::string_view, std::chrono::microseconds delay, Task task) override {
    timers_[{now_us_ + delay.count(), ++last_}] = std::move(task);
    return last_;
  }
  void Cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  void Run(std::string_view, Task work, Task done) override {
    ready_.push_back([work = std::move(work), done = std::move(done)] {
      work();
      done();
    });
  }
  int64_t WallMicros() override { return 1'700'000'000'000'000 + now_us_; }
  int64_t BootMicros() override { return 1'000'000 + now_us_; }

  /// What is posted and due, and what that posts, until nothing is left.
  void RunReady() {
    while (true) {
      if (!ready_.empty()) {
        Task task = std::move(ready_.front());
        ready_.pop_front();
        task();
      } else if (!timers_.empty() && timers_.begin()->first.first <= now_us_) {
        ready_.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
      } else {
        return;
      }
    }
  }
  void Advance(std::chrono::microseconds by) {
    int64_t until = now_us_ + by.count();
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      now_us_ = std::max(now_us_, timers_.begin()->first.first);
      RunReady();
    }
    now_us_ = until;
    RunReady();
  }

 private:
  int64_t now_us_ = 0;
  TimerId last_ = 0;
  std::deque<Task> ready_;
  std::map<std::pair<int64_t, TimerId>, Task> timers_;
};

}  // namespace rw::server::testing
