#include "executor/journal_shipper.h"

#include "base/log.h"
#include "os/paths.h"

namespace rw::executor {
namespace {
constexpr auto kBusyInterval = std::chrono::milliseconds(10);
constexpr auto kIdleInterval = std::chrono::milliseconds(50);
constexpr std::string_view kSuffix = ".rwj";

bool IsWriterFile(const std::string& name) {
  return name.size() == 16 + kSuffix.size() && name.ends_with(kSuffix) &&
         name.find_first_not_of("0123456789abcdef") == 16;
}
}  // namespace

JournalShipper::JournalShipper(Context& context, ServerLink& server, Offsets& offsets,
                               std::string run_id, std::string folder)
    : context_(context),
      server_(server),
      offsets_(offsets),
      run_id_(std::move(run_id)),
      folder_(std::move(folder)) {}

void JournalShipper::Start() { LookLater(); }

void JournalShipper::LookLater() {
  bool busy = Look();
  context_.loop.After("journal.look", busy ? kBusyInterval : kIdleInterval, lifetime_.Bind([this] {
    if (!finishing_) LookLater();
  }));
}

bool JournalShipper::Look() {
  auto entries = context_.fs.List(folder_);
  if (!entries) return false;
  for (const os::DirEntry& entry : *entries) {
    if (!IsWriterFile(entry.name)) continue;
    std::string writer = entry.name.substr(0, 16);
    if (feeds_.count(writer) != 0) continue;
    auto file = context_.fs.Open(os::JoinPath(folder_, entry.name), os::OpenMode::kRead);
    if (!file) {
      LOG_WARN("journal.not_opened", {"error", file.error().message()});
      continue;
    }
    feeds_[writer] = std::make_unique<JournalFeed>(context_, server_, offsets_, run_id_, writer,
                                                   std::move(*file));
  }
  uint64_t total = 0;
  for (auto& [writer, feed] : feeds_) {
    feed->Pump();
    total += feed->acked();
  }
  return std::exchange(last_total_, total) != total;
}

void JournalShipper::Flush(const std::string& writer, uint64_t offset, JournalFeed::Flushed done) {
  if (feeds_.count(writer) == 0) Look();
  auto at = feeds_.find(writer);
  if (at == feeds_.end()) {
    done(Error(Code::kNotFound, "no journal of writer " + writer + " in " + folder_));
    return;
  }
  at->second->Flush(offset, std::move(done));
}

void JournalShipper::Finish(std::function<void(Warnings)> done) {
  Look();
  finishing_ = true;
  done_ = std::move(done);
  unfinished_ = feeds_.size() + 1;
  for (auto& [writer, feed] : feeds_) feed->Finish(lifetime_.Bind([this] { FinishedOne(); }));
  FinishedOne();
}

void JournalShipper::FinishedOne() {
  if (--unfinished_ > 0) return;
  Warnings warnings;
  for (auto& [writer, feed] : feeds_)
    for (Warning& warning : feed->warnings()) warnings.push_back(std::move(warning));
  done_(std::move(warnings));
}

}  // namespace rw::executor
