// Sends one writer's journal file: whole records in order, one request in flight.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/offsets.h"
#include "executor/server_link.h"
#include "executor/warning.h"
#include "journal/reader.h"

namespace rw::executor {

class JournalFeed {
 public:
  JournalFeed(Context& context, ServerLink& server, Offsets& offsets, std::string run_id,
              std::string writer, std::unique_ptr<os::File> file);

  /// Looks for new records. Small batches are at least 10 ms apart, unless somebody waits for them.
  void Pump();
  using Flushed = std::function<void(Result<uint64_t>)>;
  /// `done` with the acked offset once it is at least `offset`; kCorrupt when it never will be.
  void Flush(uint64_t offset, Flushed done);
  /// `done` once everything whole is acked; the writer is dead.
  void Finish(Task done);

  uint64_t acked() const { return acked_; }
  /// A torn tail, damage or a refusal; meaningful after Finish.
  Warnings warnings() const;

 private:
  struct Waiter {
    uint64_t offset;
    Flushed done;
  };
  bool IsUrgent() const { return finishing_ || !waiters_.empty(); }
  void Send(journal::Reader::Chunk chunk);
  void Answered(uint64_t sent_at, const net::Response& response);
  void Stop(std::string why);
  void AnswerWaiters();

  Context& context_;
  ServerLink& server_;
  Offsets& offsets_;
  std::string run_id_;
  std::string writer_;
  std::unique_ptr<os::File> file_;
  uint64_t acked_;
  journal::Reader reader_;
  journal::Tail tail_ = journal::Tail::kNone;
  std::string stopped_;  // why nothing further is sent; "": it goes on
  bool sending_ = false;
  bool resting_ = false;
  bool finishing_ = false;
  std::vector<Waiter> waiters_;
  Task done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
