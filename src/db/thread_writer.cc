#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "db/write_batch.h"
#include "db/writer.h"

namespace rw::db {
namespace {

class ThreadWriter final : public Writer {
 public:
  ThreadWriter(Loop& loop, std::unique_ptr<Connection> connection)
      : loop_(loop), connection_(std::move(connection)), thread_([this] { Work(); }) {}

  ~ThreadWriter() override {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void Submit(std::string_view name, Operation operation, Done done) override {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back({name, std::move(operation), std::move(done), Ok()});
    }
    wake_.notify_one();
  }

 private:
  void Work() {
    while (true) {
      auto batch = std::make_shared<std::vector<PendingWrite>>();
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        batch->swap(queue_);
      }
      CommitBatch(*connection_, *batch);
      // Operations may hold what only the loop may let go of: they are dropped there, with `done`.
      // Moved: a reference that stayed here could be the last one when the loop is the faster.
      loop_.Post("db.acknowledge", [batch = std::move(batch)] { Acknowledge(*batch); });
    }
  }

  Loop& loop_;
  std::unique_ptr<Connection> connection_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<PendingWrite> queue_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Writer> MakeThreadWriter(Loop& loop, std::unique_ptr<Connection> connection) {
  return std::make_unique<ThreadWriter>(loop, std::move(connection));
}

}  // namespace rw::db
