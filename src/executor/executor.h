// One run on one node, from the claim to the last report. A state machine: it may be destroyed at
// any moment and made anew over the same folder; what the shim says and what lies in the folder
// decide where it goes on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "executor/claimer.h"
#include "executor/container_launch.h"
#include "executor/disk_guard.h"
#include "executor/failure.h"
#include "executor/heartbeat.h"
#include "executor/journal_shipper.h"
#include "executor/log_shipper.h"
#include "executor/monitor.h"
#include "executor/output_shipper.h"
#include "executor/preparation.h"
#include "executor/reports.h"
#include "executor/supervisor.h"

namespace rw::executor {

struct ExecutorOptions {
  std::string run_dir;  // absolute
  std::string host;
  int pid = 0;
  EnvironmentMap base_environment;  // the executor's own
  Node* node = nullptr;             // not owned; null: nothing is measured, no disk is guarded
};

/// All calls and callbacks are on the loop's thread.
class Executor final : public Supervisor::Listener {
 public:
  /// What is passed by reference outlives this. `watcher` may be null: then files are polled.
  Executor(Context context, TransportFactory transports, Supervisor& supervisor,
           FileWatcher* watcher, ExecutorOptions options);
  ~Executor() override;

  /// Begins. An error: the folder says nothing that one could begin with.
  Status Start();
  /// Called once, as the last thing: nothing is left to do. The process may exit, with this status.
  void OnDone(std::function<void(int status)> callback) { on_done_ = std::move(callback); }

  /// For exec.sock: answered when the server has acked `offset` of `writer`.
  void Flush(const std::string& writer, uint64_t offset, JournalFeed::Flushed done);
  /// Told with the run when it ends.
  void Warn(Warning warning) { warnings_.push_back(std::move(warning)); }
  /// The link to the server, once the run is ours; null before.
  ServerLink* server() { return grant_ ? server_.get() : nullptr; }
  const std::string& run_id() const { return claim_.run_id; }
  /// Called once when server() is there.
  void OnGranted(Task callback) { on_granted_ = std::move(callback); }

  void OnIdle() override;
  void OnStarted(int pid, uint64_t start_ticks) override;
  void OnExited(Outcome outcome) override;
  void OnUnknown() override;
  void OnGone() override;
  void OnLost() override;

 private:
  enum class Script { kUnheard, kIdle, kLaunching, kStarted, kExited, kUnknown, kLost };

  void Claimed(ClaimResult result);
  /// Does what the present state asks for; harmless to call again.
  void Advance();
  void Prepare();
  void Prepared(PreparationResult result);
  void Launch();
  void FollowScript();
  void FollowBuild();
  void SyncBuild();
  void GuardDisk();
  bool InContainer() const { return grant_ && !grant_->plan.image.engine.empty(); }
  /// Of a container: what its guard wrote down is how the script ended, not the engine's exit code.
  void LookInside();
  void RemoveContainer(Task then);
  void ReportStarted();
  void ReportExited();
  json::Value DescribeEnd(const UsageRecord& usage);
  bool RanOutOfTime(const UsageRecord& usage);
  int64_t PeakBytes(const UsageRecord& usage) const;
  json::Value Summary(const UsageRecord& usage) const;
  std::string LogTail();
  void FailAttempt(json::Value error);
  void Cancel(std::chrono::milliseconds grace);
  void WatchDuration();
  /// TERM now, KILL after `grace`.
  void Terminate(std::chrono::milliseconds grace);
  void ShipTheRest();
  void CheckBuild();
  void Ship(bool container_is_left);
  void Shipped();
  /// The bound on finalizing. Time in which the server is away does not count.
  void WatchFinalizing();
  void CutShort();
  uint64_t Unsent(const std::string& path, const std::string& key);
  void ReportFinished();
  void Fenced();
  void LeaveIfAbandoned();
  void End(int status);

  Context context_;
  Supervisor& supervisor_;
  FileWatcher* watcher_;
  ExecutorOptions options_;
  RunFolder folder_;
  TransportFactory transports_;
  Claim claim_;
  std::unique_ptr<ServerLink> server_;
  std::unique_ptr<Claimer> claimer_;
  std::optional<Grant> grant_;
  std::string grant_text_;
  std::unique_ptr<Offsets> offsets_;
  std::unique_ptr<Reports> reports_;
  std::unique_ptr<Heartbeat> heartbeat_;
  std::unique_ptr<Preparation> preparation_;
  std::unique_ptr<BuildFetcher> bytecode_;
  std::unique_ptr<LogShipper> log_;
  std::unique_ptr<JournalShipper> journal_;
  std::unique_ptr<OutputShipper> outputs_;
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<DiskGuard> disk_;

  Script script_ = Script::kUnheard;
  int script_pid_ = 0;
  uint64_t script_start_ticks_ = 0;
  Outcome outcome_;
  std::optional<InsideEnd> inside_;
  bool engine_failed_ = false;  // the container's script was never started
  bool gone_ = false;
  bool prepared_ = false;
  bool canceled_ = false;
  std::chrono::milliseconds grace_{10000};
  bool terminating_ = false;
  bool timed_out_ = false;
  bool watching_duration_ = false;
  bool syncing_build_ = false;
  bool reported_started_ = false;
  bool reported_exited_ = false;
  bool shipping_rest_ = false;
  json::Value attempt_error_;  // null: the attempt went as it should
  int unshipped_ = 0;
  int64_t finalizing_us_ = 0;
  bool finished_ = false;
  Warnings warnings_;
  bool fenced_ = false;
  bool done_ = false;
  std::function<void(int)> on_done_;
  Task on_granted_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
