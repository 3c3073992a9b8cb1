#include <chrono>
#include <memory>
#include <vector>

#include "base/mutant.h"
#include "db/write_batch.h"
#include "db/writer.h"

namespace rw::db {
namespace {

class LoopWriter final : public Writer {
 public:
  LoopWriter(Loop& loop, Connection& connection, std::chrono::microseconds delay)
      : loop_(loop), connection_(connection), delay_(delay) {}

  ~LoopWriter() override {
    if (!queue_.empty()) loop_.Cancel(timer_);
  }

  void Submit(std::string_view name, Operation operation, Done done) override {
    if (queue_.empty()) timer_ = loop_.After("db.commit", delay_, [this] { Flush(); });
    queue_.push_back({name, std::move(operation), std::move(done), Ok()});
  }

 private:
  void Flush() {
    // Acknowledging may submit, or destroy this writer.
    std::vector<PendingWrite> batch;
    batch.swap(queue_);
    if (MutantPlanted("ack_before_commit")) return AcknowledgeFirst(std::move(batch));
    CommitBatch(connection_, batch);
    Acknowledge(batch);
  }

  /// The planted mutant: answers are made and sent, their effects are undone, and the same
  /// operations are committed a moment later, unless the process dies in between.
  void AcknowledgeFirst(std::vector<PendingWrite> batch) {
    (void)connection_.Run("BEGIN IMMEDIATE");
    for (PendingWrite& write : batch) write.outcome = write.operation(connection_);
    (void)connection_.Execute("ROLLBACK");
    auto late = std::make_shared<std::vector<PendingWrite>>();
    for (PendingWrite& write : batch) late->push_back({write.name, write.operation, nullptr, Ok()});
    loop_.After("db.late_commit", delay_ * 4, [this, late] { CommitBatch(connection_, *late); });
    Acknowledge(batch);
  }

  Loop& loop_;
  Connection& connection_;
  std::chrono::microseconds delay_;
  std::vector<PendingWrite> queue_;
  TimerId timer_ = 0;
};

}  // namespace

std::unique_ptr<Writer> MakeLoopWriter(Loop& loop, Connection& connection,
                                       std::chrono::microseconds delay) {
  return std::make_unique<LoopWriter>(loop, connection, delay);
}

}  // namespace rw::db
