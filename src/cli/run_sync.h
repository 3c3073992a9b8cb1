// Sends what the folder of a local run holds to a server. A repeat sends what is new.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/local_run.h"

namespace rw::cli {

struct SyncReport {
  bool created = false;   // the server did not know the run
  bool complete = false;  // nothing is left to send, and the run is over
  int64_t bytes = 0;      // of journals, sent by this call
  int64_t files = 0;      // sent by this call
  std::string status;     // of the run, afterwards
  std::vector<std::string> problems;
};

class RunSync {
 public:
  /// `workspace_id` and `experiment` are those of a run that the server does not know.
  RunSync(Context& context, client::Api& api, LocalRun run, std::string workspace_id,
          std::string experiment)
      : context_(context),
        api_(api),
        run_(std::move(run)),
        workspace_id_(std::move(workspace_id)),
        experiment_(std::move(experiment)) {}

  /// `ended`: take processes of another machine for dead. An error leaves the folder as it is.
  Result<SyncReport> Sync(bool ended);

 private:
  Status EnsureRun();
  Status ShipJournals();
  Status ShipJournal(const std::string& writer, int64_t acked);
  /// Where to go on: the server's answer to one piece.
  Result<int64_t> ShipPiece(const std::string& writer, uint64_t offset, std::string bytes);
  Status SendFiles();
  Status SendFilesOf(const std::string& run_id, const std::string& folder,
                     const std::string& prefix);
  Status SendOutputs();
  Status EndOpenRuns();
  Status EndIfOpen(const std::string& run_id);

  Context& context_;
  client::Api& api_;
  LocalRun run_;
  std::string workspace_id_;
  std::string experiment_;
  SyncReport report_;
};

}  // namespace rw::cli
