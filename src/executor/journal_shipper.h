// Finds the journals of all writing processes of a run and sends them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "executor/journal_feed.h"

namespace rw::executor {

class JournalShipper {
 public:
  JournalShipper(Context& context, ServerLink& server, Offsets& offsets, std::string run_id,
                 std::string folder);

  /// Looks for new writers and records every 10 ms while some come, every 50 ms when none do. No
  /// watch on the files: it would make each run.log() dearer than the look.
  void Start();
  /// `done` when the server has acked `offset` of `writer`. kNotFound for a writer without a file.
  void Flush(const std::string& writer, uint64_t offset, JournalFeed::Flushed done);
  /// `done` once everything whole is acked. No process writes any more.
  void Finish(std::function<void(Warnings)> done);

 private:
  /// True when something was new.
  bool Look();
  void LookLater();
  void FinishedOne();

  Context& context_;
  ServerLink& server_;
  Offsets& offsets_;
  std::string run_id_;
  std::string folder_;
  std::map<std::string, std::unique_ptr<JournalFeed>> feeds_;
  uint64_t last_total_ = 0;
  bool finishing_ = false;
  size_t unfinished_ = 0;
  std::function<void(Warnings)> done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
