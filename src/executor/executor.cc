#include "executor/executor.h"

#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr auto kTimeoutGrace = std::chrono::seconds(10);
constexpr auto kSyncBuildAfter = std::chrono::seconds(1);
}  // namespace

Executor::Executor(Context context, TransportFactory transports, Supervisor& supervisor,
                   FileWatcher* watcher, ExecutorOptions options)
    : context_(context),
      supervisor_(supervisor),
      watcher_(watcher),
      options_(std::move(options)),
      folder_{options_.run_dir},
      transports_(std::move(transports)) {}

Executor::~Executor() = default;

Status Executor::Start() {
  claim_ = TRY(ParseClaim(TRY(os::ReadFile(context_.fs, folder_.claim()))));
  server_ =
      std::make_unique<ServerLink>(context_, transports_, claim_.server_url, claim_.endpoint_file);
  server_->OnFenced(lifetime_.Bind([this] { Fenced(); }));
  server_->OnAway(lifetime_.Bind([this] { LeaveIfAbandoned(); }));
  offsets_ = std::make_unique<Offsets>(context_, folder_.offsets());
  claimer_ =
      std::make_unique<Claimer>(context_, *server_, folder_, claim_, options_.host, options_.pid);
  TRY(claimer_->Start(lifetime_.Bind([this](ClaimResult result) { Claimed(std::move(result)); })));
  supervisor_.Connect(*this);
  return Ok();
}

void Executor::Claimed(ClaimResult result) {
  if (!result.granted) {
    // Nothing was launched by us, and nothing will be.
    LOG_ERROR("claim.refused", {"allocation", claim_.allocation_id}, {"why", result.refusal});
    return Fenced();
  }
  grant_ = std::move(result.grant);
  grant_text_ = std::move(result.text);
  LOG_INFO("claim.granted", {"run", claim_.run_id}, {"attempt", grant_->attempt});
  server_->Authorize(grant_->token, claim_.allocation_id, grant_->fence);
  std::string path = "/api/v1/allocations/" + PercentEncode(claim_.allocation_id);
  reports_ = std::make_unique<Reports>(*server_, path);
  heartbeat_ = std::make_unique<Heartbeat>(
      context_, *server_, path + "/heartbeat",
      lifetime_.Bind([this](std::chrono::milliseconds grace) { Cancel(grace); }));
  Advance();
  heartbeat_->Start();
  if (on_granted_) on_granted_();
}

void Executor::Advance() {
  if (done_ || fenced_ || !grant_ || !attempt_error_.is_null()) return;
  switch (script_) {
    case Script::kUnheard:
    case Script::kLaunching:
      return;
    case Script::kIdle:
      if (canceled_ && !preparation_) return ShipTheRest();
      if (!prepared_) return Prepare();
      return Launch();
    case Script::kStarted:
      FollowScript();
      FollowBuild();
      ReportStarted();
      WatchDuration();
      return;
    case Script::kExited:
      SyncBuild();
      LookInside();
      FollowScript();
      ReportExited();
      if (gone_) ShipTheRest();
      return;
    case Script::kUnknown:
      supervisor_.Kill();
      return FailAttempt(json::Object{
          {"code", "SystemError"},
          {"message", "The outcome of a launch is unknown: the node stopped in the middle of it"},
          {"next_step", "The script may have run in part. Submit the run again."}});
    case Script::kLost:
      return FailAttempt(json::Object{
          {"code", "SystemError"},
          {"message", "Supervisor lost: the process that watches over the script died"},
          {"next_step", "Look for an out-of-memory kill on the node, and submit the run again."}});
  }
}

void Executor::Prepare() {
  if (preparation_) return;
  preparation_ = std::make_unique<Preparation>(context_, *server_, folder_, grant_text_, *grant_,
                                               options_.base_environment);
  preparation_->Start(
      lifetime_.Bind([this](PreparationResult result) { Prepared(std::move(result)); }));
}

void Executor::Prepared(PreparationResult result) {
  // It is on the stack: it may go only after this.
  std::shared_ptr<Preparation> old = std::move(preparation_);
  context_.loop.Post("prepare.drop", [old] {});
  if (canceled_) return Advance();
  for (Warning& warning : result.warnings) Warn(std::move(warning));
  if (!result.ready) return FailAttempt(std::move(result.error));
  prepared_ = true;
  Advance();
}

void Executor::Launch() {
  script_ = Script::kLaunching;
  GuardDisk();
  LOG_INFO("script.launch", {"run", claim_.run_id});
  supervisor_.Launch();
  FollowScript();
}

void Executor::FollowScript() {
  if (log_) return;
  const std::string& name = grant_->plan.log_name;
  log_ = std::make_unique<LogShipper>(context_, *server_, *offsets_, watcher_, claim_.run_id, name,
                                      folder_.Path(name));
  journal_ = std::make_unique<JournalShipper>(context_, *server_, *offsets_, claim_.run_id,
                                              folder_.journal());
  outputs_ = std::make_unique<OutputShipper>(context_, *server_, *offsets_, watcher_, claim_.run_id,
                                             folder_);
  GuardDisk();
  if (options_.node != nullptr) {
    monitor_ = std::make_unique<Monitor>(context_, *server_, *options_.node, claim_.run_id,
                                         options_.run_dir);
    monitor_->Start();
  }
  log_->Start();
  journal_->Start();
  outputs_->Start();
}

/// Byte code that the server did not have when the build was fetched comes beside the script.
void Executor::FollowBuild() {
  const FetchPlan& fetch = grant_->plan.fetch;
  if (fetch.env_root.empty() || bytecode_) return;
  bytecode_ = std::make_unique<BuildFetcher>(context_, *server_, claim_.run_id, fetch);
  bytecode_->StartBytecode(lifetime_.Bind([this] {
    syncing_build_ = false;
    SyncBuild();
  }));
  // A script reads much of its build when it begins: the disk is left to it.
  context_.loop.After("build.sync", kSyncBuildAfter, lifetime_.Bind([this] { SyncBuild(); }));
}

/// What was fetched is made durable while the script runs, or at its end: until then a crash of the
/// machine means that it is fetched again.
void Executor::SyncBuild() {
  const FetchPlan& fetch = grant_->plan.fetch;
  if (fetch.env_root.empty() || std::exchange(syncing_build_, true)) return;
  context_.pool.Run(
      "build.sync", [node = env::NodeBuilds(fetch.env_root, fetch.build_id)] { node.Sync(); },
      [] {});
}

void Executor::GuardDisk() {
  if (options_.node == nullptr || disk_) return;
  disk_ = std::make_unique<DiskGuard>(context_, *options_.node, *offsets_, folder_,
                                      grant_->plan.log_name);
  disk_->Start();
}

void Executor::WatchDuration() {
  int64_t limit_us = grant_->plan.max_run_duration_seconds * 1'000'000;
  auto record = ReadStartRecord(context_.fs, folder_);
  if (limit_us == 0 || !record || std::exchange(watching_duration_, true)) return;
  // By the clock that nobody can set. The shim, and so the script, lives within one boot.
  int64_t left = record->boot_us > 0 ? record->boot_us + limit_us - context_.clock.BootMicros()
                                     : record->wall_us + limit_us - context_.clock.WallMicros();
  context_.loop.After("duration", std::chrono::microseconds(std::max<int64_t>(left, 0)),
                      lifetime_.Bind([this] {
                        if (script_ != Script::kStarted || terminating_) return;
                        timed_out_ = true;
                        Terminate(kTimeoutGrace);
                      }));
}

void Executor::Cancel(std::chrono::milliseconds grace) {
  if (!std::exchange(canceled_, true)) LOG_INFO("run.cancel", {"run", claim_.run_id});
  grace_ = grace;
  if (preparation_) return preparation_->Cancel();
  if (script_ == Script::kStarted) return Terminate(grace);
  Advance();
}

void Executor::Terminate(std::chrono::milliseconds grace) {
  if (std::exchange(terminating_, true)) return;
  supervisor_.Signal(15);
  context_.loop.After("kill", grace, lifetime_.Bind([this] {
    if (!gone_) supervisor_.Kill();
  }));
}

void Executor::Fenced() {
  if (std::exchange(fenced_, true)) return;
  bool alive = script_ == Script::kLaunching || script_ == Script::kStarted ||
               (script_ == Script::kExited && !gone_);
  supervisor_.Kill();
  if (!alive && script_ != Script::kUnheard) End(0);
}

void Executor::LeaveIfAbandoned() {
  // The server's folder, and ours in it, was removed: nobody will ever ask for this run.
  if (os::Exists(context_.fs, folder_.claim())) return;
  LOG_ERROR("run.abandoned", {"run", claim_.run_id});
  Fenced();
}

void Executor::End(int status) {
  if (std::exchange(done_, true)) return;
  LOG_INFO("executor.done", {"run", claim_.run_id}, {"status", status});
  supervisor_.Bye();
  if (on_done_) on_done_(status);
}

void Executor::Flush(const std::string& writer, uint64_t offset, JournalFeed::Flushed done) {
  if (!journal_) return done(Error(Code::kFailedPrecondition, "the run has not started"));
  journal_->Flush(writer, offset, std::move(done));
}

void Executor::OnIdle() {
  if (script_ == Script::kUnheard) script_ = Script::kIdle;
  if (fenced_) return End(0);
  Advance();
}

void Executor::OnStarted(int pid, uint64_t start_ticks) {
  if (script_ == Script::kExited) return;
  if (script_ != Script::kStarted) LOG_INFO("script.started", {"run", claim_.run_id}, {"pid", pid});
  script_ = Script::kStarted;
  script_pid_ = pid;
  script_start_ticks_ = start_ticks;
  if (fenced_) return supervisor_.Kill();
  Advance();
}

void Executor::OnExited(Outcome outcome) {
  script_ = Script::kExited;
  outcome_ = outcome;
  LOG_INFO("script.exited", {"run", claim_.run_id}, {"number", outcome.number});
  Advance();
}

void Executor::OnUnknown() {
  script_ = Script::kUnknown;
  if (fenced_) return End(0);
  Advance();
}

void Executor::OnGone() {
  gone_ = true;
  if (fenced_) return RemoveContainer([this] { End(0); });
  Advance();
}

void Executor::OnLost() {
  script_ = Script::kLost;
  gone_ = true;
  if (fenced_) return RemoveContainer([this] { End(0); });
  Advance();
}

}  // namespace rw::executor
