// Stores the files that a script leaves in ./outputs and ./logs: each once it is closed and quiet,
// again when it changed, and whatever is new once more at the end. Those of ./logs are streamed
// while they grow (log_tails.h) as long as they only grow.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/log_tails.h"
#include "executor/output_scan.h"
#include "executor/server_link.h"
#include "executor/warning.h"
#include "executor/watcher.h"

namespace rw::executor {

class OutputShipper {
 public:
  OutputShipper(Context& context, ServerLink& server, Offsets& offsets, FileWatcher* watcher,
                std::string run_id, RunFolder folder);

  /// Looks every second; a file is sent when two looks in a row see the same.
  void Start();
  /// Sends what is not stored yet, then `done`. No process writes any more.
  void Finish(std::function<void(Warnings)> done);
  /// Once Finish was called: files that are not stored yet, as far as they are known.
  size_t Unstored() const { return queue_.size() + active_.size(); }

 private:
  struct Job {
    std::string name;
    OutputFile file;
    std::string digest;
    int attempts = 0;
  };
  using JobPtr = std::shared_ptr<Job>;

  void LookLater();
  void Look();
  void Scanned(OutputScan scan);
  void ScannedAtEnd(OutputScan scan);
  /// Those that are streamed while they grow: of this run, and below logs/.
  std::map<std::string, FileStamp> Streamed(const OutputScan& scan) const;
  void StoreRest(const OutputScan& scan, const std::set<std::string>& streamed);
  bool IsStored(const std::string& name, const FileStamp& stamp) const;
  void Enqueue(const std::string& name);
  void Next();
  void Hash(JobPtr job);
  static Status HashNow(os::FileSystem& fs, const RunFolder& folder, Job& job);
  void Hashed(JobPtr job, Status hashed);
  void AskMissing(JobPtr job);
  void PutBlob(JobPtr job);
  void NameIt(JobPtr job);
  void Stored(const JobPtr& job);
  void Failed(const JobPtr& job, const std::string& why);
  void Ended(const JobPtr& job);

  Context& context_;
  ServerLink& server_;
  FileWatcher* watcher_;
  std::string run_id_;
  RunFolder folder_;
  OutputRecord record_;
  LogTails tails_;
  std::map<std::string, FileStamp> last_look_;
  std::map<std::string, FileStamp> untouched_;  // of the baseline, and found to be so by their hash
  std::deque<std::string> queue_;
  std::set<std::string> queued_;
  std::set<std::string> active_;
  bool looking_ = false;
  bool finishing_ = false;
  bool end_scan_due_ = false;
  bool ended_scan_ = false;
  int64_t look_cost_us_ = 0;
  Warnings warnings_;
  std::function<void(Warnings)> done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
