// What a dead supervisor, or the dead process of an interactive run, left in the run's folder and
// nobody shipped: journals, the script's log, files of ./outputs and ./logs. For when nobody else
// will do it any more. The run gets a warning that says what was collected.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "server/log_store.h"
#include "server/salvage_outputs.h"
#include "server/server_context.h"

namespace rw::server {

class Salvage : public std::enable_shared_from_this<Salvage> {
 public:
  struct Job {
    std::string run_id;
    std::string folder;     // of the run, on this machine
    std::string because;    // begins the warning: "Its supervisor was killed."
    bool submitted = true;  // the folder has a log and a working folder, too
  };
  /// On behalf of the run's allocation, if any, which is still the current one. `done` in any case,
  /// after what was found is durable. A full disk is waited for, within the bound on finalizing.
  /// Begun again after a restart it goes on with what is missing.
  static void Start(ServerContext& context, LogStore& logs, Job job, Task done);

 private:
  struct Source {
    std::string path;
    std::string name;  // of the log, or the writer of the journal
    bool is_log = false;
    int64_t offset = -1;  // -1: not asked yet how much of it is durable
  };
  Salvage(ServerContext& context, LogStore& logs, Job job, Task done);

  void Find();
  void Next();
  void ReadPiece();
  void Ship(std::string bytes);
  void Shipped(const Result<int64_t>& acked);
  void Outputs();
  void Finish(const SalvagedOutputs& outputs);
  std::string Report(const SalvagedOutputs& outputs) const;

  ServerContext& context_;
  LogStore& logs_;
  Job job_;
  Task done_;
  int64_t give_up_boot_us_;
  std::deque<Source> sources_;
  int64_t journal_bytes_ = 0;
  int64_t log_bytes_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace rw::server
