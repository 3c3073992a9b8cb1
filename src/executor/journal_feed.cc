#include "executor/journal_feed.h"

#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr size_t kMostBytes = 1 << 20;
/// A batch this large is followed by the next at once: the writer is faster than the pause.
constexpr size_t kLargeBatch = 256 << 10;
constexpr auto kRest = std::chrono::milliseconds(10);
}  // namespace

JournalFeed::JournalFeed(Context& context, ServerLink& server, Offsets& offsets, std::string run_id,
                         std::string writer, std::unique_ptr<os::File> file)
    : context_(context),
      server_(server),
      offsets_(offsets),
      run_id_(std::move(run_id)),
      writer_(std::move(writer)),
      file_(std::move(file)),
      acked_(offsets.Get(Offsets::JournalKey(writer_))),
      reader_(*file_, acked_) {}

void JournalFeed::Pump() {
  if (sending_ || (resting_ && !IsUrgent())) return;
  if (stopped_.empty()) {
    auto chunk = reader_.Next(kMostBytes);
    if (chunk) {
      tail_ = chunk->tail;
      if (!chunk->bytes.empty()) return Send(std::move(*chunk));
      if (tail_ == journal::Tail::kDamaged) Stop("a record is damaged");
    } else {
      LOG_WARN("journal.not_read", {"writer", writer_}, {"error", chunk.error().message()});
      if (finishing_) Stop(chunk.error().message());
    }
  }
  if (finishing_ && done_) std::exchange(done_, nullptr)();
}

void JournalFeed::Send(journal::Reader::Chunk chunk) {
  sending_ = true;
  net::Request request;
  request.method = "POST";
  request.path = "/api/v1/runs/" + PercentEncode(run_id_) + "/journal";
  request.query = {{"writer", writer_}, {"offset", std::to_string(chunk.offset)}};
  request.headers["Content-Type"] = "application/octet-stream";
  resting_ = chunk.bytes.size() < kLargeBatch;
  request.body.bytes = std::move(chunk.bytes);
  server_.Call(std::move(request), std::chrono::seconds(30),
               lifetime_.Bind([this, at = chunk.offset](const net::Response& response) {
                 sending_ = false;
                 Answered(at, response);
               }));
  if (!resting_) return;
  context_.loop.After("journal.rest", kRest, lifetime_.Bind([this] {
    resting_ = false;
    Pump();
  }));
}

void JournalFeed::Answered(uint64_t sent_at, const net::Response& response) {
  auto body = json::Parse(response.body.bytes);
  int64_t acked = body ? body->IntOr("acked", -1) : -1;
  if (acked < 0 || static_cast<uint64_t>(acked) == sent_at) {
    Stop("the server refused it: " + ErrorOf(response).message());
  } else {
    acked_ = static_cast<uint64_t>(acked);
    reader_.Seek(acked_);
    offsets_.Set(Offsets::JournalKey(writer_), acked_);
    AnswerWaiters();
  }
  Pump();
}

void JournalFeed::Stop(std::string why) {
  LOG_ERROR("journal.stopped", {"writer", writer_}, {"offset", acked_}, {"why", why});
  stopped_ = std::move(why);
  AnswerWaiters();
}

void JournalFeed::Flush(uint64_t offset, Flushed done) {
  waiters_.push_back({offset, std::move(done)});
  AnswerWaiters();
  Pump();
}

void JournalFeed::AnswerWaiters() {
  std::vector<Waiter> all = std::move(waiters_);
  waiters_.clear();
  for (Waiter& waiter : all) {
    if (waiter.offset <= acked_) {
      waiter.done(acked_);
    } else if (!stopped_.empty()) {
      waiter.done(Error(Code::kCorrupt, "journal " + writer_ + " is stored up to byte " +
                                            std::to_string(acked_) + " only: " + stopped_));
    } else {
      waiters_.push_back(std::move(waiter));
    }
  }
}

void JournalFeed::Finish(Task done) {
  finishing_ = true;
  done_ = std::move(done);
  Pump();
}

Warnings JournalFeed::warnings() const {
  std::string after = " after byte " + std::to_string(acked_) + " of journal " + writer_;
  if (!stopped_.empty()) return {{"journal", "what was logged" + after + " is lost: " + stopped_}};
  if (tail_ == journal::Tail::kPartial)
    return {{"journal", "the last record" + after + " is torn: its writer died in the middle"}};
  return {};
}

}  // namespace rw::executor
