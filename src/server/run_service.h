// The lives of runs: from submission over their place on a target to their end. Decides on the
// loop, changes in the writer's operations, and tells followers after the COMMIT.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "backend/backend.h"
#include "meta/compute_row.h"
#include "server/environment_gate.h"
#include "server/interactive_runs.h"
#include "server/log_store.h"
#include "server/metric_packer.h"
#include "server/metric_sorter.h"
#include "server/run_ops.h"
#include "server/scheduler.h"
#include "server/server_context.h"

namespace rw::server {

/// A part of a build on its way to a node.
struct FetchedPack {
  uint64_t done = 0;  // bytes that were asked for
  uint64_t total = 0;
};

/// An allocation that has not ended, as the loop sees it.
struct LiveRun {
  std::string allocation_id;
  int64_t compute_row = 0;
  std::string node;
  bool adopted = false;       // made in an earlier life of the server
  int64_t since_boot_us = 0;  // of the allocation, or of the adoption
  int64_t heard_boot_us = 0;
  int64_t exited_boot_us = 0;  // when its script's end was told, or taken up at start; 0: not yet
  int64_t told_boot_us = 0;    // when a command was last handed out; 0: never
  bool starting = false;       // the backend was not asked yet, or has not answered
  bool losing = false;         // its end is being written
  std::string fetching;        // how far its executor is with fetching its build
  std::map<std::string, FetchedPack> packs;  // by digest
  int64_t told_fetching_us = 0;
  int retries = 0;  // supervisors of it that died before one could claim
};

/// On the loop's thread.
class RunService {
 public:
  RunService(ServerContext& context, backend::ComputeBackend& backend, EnvironmentGate& gate);
  ~RunService();

  /// Takes up what an earlier life of the server left: targets, live allocations, waiting runs.
  Status Start();

  // Handlers of routes.
  void Submit(CallPtr call);
  void Cancel(CallPtr call);
  void End(CallPtr call);
  void Claim(CallPtr call);
  void Started(CallPtr call);
  void Heartbeat(CallPtr call);
  void Exited(CallPtr call);
  void Finished(CallPtr call);
  void Failed(CallPtr call);

  /// Replaces status and reason by what is true at this moment of a run that waits in a queue.
  void FillWaiting(const meta::RunRow& run, json::Value& json) const;

  Scheduler& scheduler() { return scheduler_; }
  LogStore& logs() { return logs_; }
  MetricSorter& metric_sorter() { return metric_sorter_; }
  MetricPacker& metric_packer() { return metric_packer_; }
  InteractiveRuns& interactive() { return interactive_; }
  ServerContext& context() { return context_; }

  /// Settings of `local`.
  sched::TargetSettings LocalSettings(int64_t max_nodes) const;
  int64_t DefaultLocalNodes() const;
  static sched::TargetSettings AmlSettings(const meta::ComputeRow& compute);

  /// What a run that is being prepared shows of it.
  void NoteFetching(const std::string& run_id, const std::string& text);
  /// The same of all packs together: "fetching build 203/475 MB".
  void NoteFetched(const std::string& run_id, const std::string& digest, FetchedPack pack);

  /// A target as it was stored.
  void SetTarget(const meta::ComputeRow& compute);

  /// After the COMMIT of an operation that may have ended the run.
  void AfterChange(const std::string& run_id, bool ended);
  /// kSilent or kHeard, written only where it changes the run.
  void NoteSilence(const std::string& run_id, const model::RunEvent& event);

 private:
  struct Pending;
  void Reconcile();
  void ReconcileOne(const std::string& run_id, LiveRun& live);
  void AdoptWaiting(const meta::RunRow& run);
  Status Adopt();
  Status LoadTargets();
  void SweepSingleUse();
  void RemoveSingleUse(const std::string& run_id);
  bool IsOverdue(const LiveRun& live, int64_t now) const;
  void Lost(const std::string& run_id, LiveRun& live);
  void EndLost(const std::string& run_id, const std::string& warning);
  void StartAgain(const std::string& run_id, LiveRun& live);

  /// Ready at this moment, with a Python where the run has a script.
  std::optional<ReadyEnvironment> ReadyFor(const meta::RunRow& run);
  void PrepareEnvironment(const meta::RunRow& run);
  void OnEnvironment(const std::string& run_id, int64_t run_row, int64_t compute_row,
                     Result<ReadyEnvironment> ready);
  void OnPlace(int64_t compute_row, QueuedRun run, std::string node);
  void PlaceLater(int64_t compute_row, std::shared_ptr<QueuedRun> run);
  void OnWait(const std::string& run_id, model::RunStatus status, model::Reason reason);
  void Launch(const std::string& run_id, const NewAllocation& allocation, const std::string& secret,
              int retries = 0);
  void FailRun(const std::string& run_id, const std::string& allocation_id,
               const json::Value& error);
  void Insert(CallPtr call, Submission submission, std::optional<ReadyEnvironment> ready);
  void ApplyFromOutside(CallPtr call, const std::string& run_id, model::RunEvent event);
  void AnswerCommands(CallPtr call, const std::string& run_id, int64_t wait_us);
  json::Value CommandsFor(const std::string& run_id);
  void ChangeByExecutor(
      CallPtr call, std::string_view name,
      std::function<Status(db::Connection&, const meta::AllocationRow&, meta::RunRow&)> change);
  NewAllocation Mint(int64_t compute_row, std::string node, ReadyEnvironment environment,
                     std::string* secret);
  GrantFacts Facts() const;
  /// The folder of builds of a target's nodes; "": they use the server's.
  std::string EnvRootOf(int64_t compute_row) const;

  ServerContext& context_;
  backend::ComputeBackend& backend_;
  EnvironmentGate& gate_;
  Scheduler scheduler_;
  LogStore logs_;
  MetricSorter metric_sorter_{context_};
  MetricPacker metric_packer_{context_};
  InteractiveRuns interactive_{*this};
  std::map<std::string, LiveRun> live_;
  std::map<int64_t, std::string> env_roots_;   // of targets whose nodes fetch builds
  std::map<std::string, int64_t> single_use_;  // run → the target made for it alone
  TimerId tick_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
