#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "net/asio_loop.h"

namespace rw::net {
namespace {

class ThreadPool final : public WorkerPool {
 public:
  ThreadPool(Loop& loop, int threads) : loop_(loop) {
    for (int i = 0; i < threads; i++) threads_.emplace_back([this] { Work(); });
  }
  ~ThreadPool() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      queue_.clear();
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  void Run(std::string_view name, Task work, Task done) override {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back({name, std::move(work), std::move(done)});
    }
    wake_.notify_one();
  }

 private:
  struct Item {
    std::string_view name;
    Task work;
    Task done;
  };

  void Work() {
    while (true) {
      Item item;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (stopping_) return;
        item = std::move(queue_.front());
        queue_.pop_front();
      }
      item.work();
      item.work = nullptr;  // what it captured dies before `done` runs
      loop_.Post(item.name, std::move(item.done));
    }
  }

  Loop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<WorkerPool> MakeThreadPool(Loop& loop, int threads) {
  return std::make_unique<ThreadPool>(loop, threads);
}

}  // namespace rw::net
