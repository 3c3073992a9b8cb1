// Level-triggered: once a second every live allocation is compared with what its backend knows.
// Only proof of death ends a run; silence alone is NotResponding.
#include "base/hash.h"
#include "base/log.h"
#include "base/mutant.h"
#include "meta/compute_row.h"
#include "server/run_service.h"
#include "server/salvage.h"

namespace rw::server {
namespace {

constexpr auto kTick = std::chrono::seconds(1);
/// An executor ends its finalizing by itself; one that does not is given so much more.
constexpr int64_t kFinalizingGraceUs = int64_t{300} * 1'000'000;
constexpr int64_t kProbeAfterUs = int64_t{2} * 1'000'000;  // a new supervisor is left alone
constexpr int64_t kUnknownUs = int64_t{3} * 1'000'000;
/// A supervisor that dies before it claims is started again so often: nothing of the run began.
constexpr int kMostRetries = 3;

}  // namespace

Status RunService::LoadTargets() {
  auto nodes = TRY(meta::LocalMaxNodes(context_.read));
  scheduler_.SetTarget(0, LocalSettings(nodes.value_or(DefaultLocalNodes())));
  for (const meta::ComputeRow& c : TRY(meta::AllComputes(context_.read))) {
    SetTarget(c);
  }
  return Ok();
}

sched::TargetSettings RunService::AmlSettings(const meta::ComputeRow& c) {
  return {.name = c.name,
          .kind = sched::TargetKind::kAml,
          .vm_size = c.vm_size,
          .min_nodes = c.min_nodes,
          .max_nodes = c.max_nodes,
          .idle_us = c.idle_seconds * 1'000'000};
}

Status RunService::Adopt() {
  int64_t now = context_.clock.BootMicros();
  for (const meta::AllocationRow& a : TRY(meta::LiveAllocations(context_.read))) {
    live_[a.run_id] = {.allocation_id = a.id,
                       .compute_row = a.compute_row,
                       .node = a.node,
                       .adopted = true,
                       .since_boot_us = now,
                       .heard_boot_us = now,
                       .exited_boot_us = a.state == "exited" ? now : 0};
    scheduler_.Occupy(a.compute_row, a.node, a.run_id);
  }
  std::vector<meta::RunRow> waiting;
  auto rows = TRY(context_.read.Prepare(
      "SELECT " + std::string(meta::RunColumns()) +
      " FROM runs WHERE submitted = 1 AND status NOT IN ('Completed','Failed','Canceled')"
      " ORDER BY row"));
  while (TRY(rows.Step())) {
    meta::RunRow run = meta::ReadRun(rows);
    if (!live_.contains(run.id)) waiting.push_back(std::move(run));
  }
  for (const meta::RunRow& run : waiting) AdoptWaiting(run);
  return Ok();
}

void RunService::AdoptWaiting(const meta::RunRow& run) {
  if (!model::IsBeforeStart(run.state.status)) {
    return FailRun(run.id, "",
                   model::SystemError("The run's place was lost.", "Submit the run again."));
  }
  auto ready = ReadyFor(run);
  if (ready) return scheduler_.Enqueue(run.compute_row, {run.row, run.id, *std::move(ready)});
  PrepareEnvironment(run);
}

Status RunService::Start() {
  TRY(LoadTargets());
  TRY(Adopt());
  interactive_.Start();
  SweepSingleUse();
  metric_sorter_.Note();
  metric_packer_.Note();
  Reconcile();
  return Ok();
}

void RunService::Reconcile() {
  std::vector<std::string> ids;
  for (const auto& [id, live] : live_) ids.push_back(id);
  for (const std::string& id : ids) {
    auto live = live_.find(id);
    if (live != live_.end()) ReconcileOne(id, live->second);
  }
  interactive_.Reconcile();
  tick_ = context_.loop.After("run.reconcile", kTick, [this, alive = alive_] {
    if (*alive) Reconcile();
  });
}

void RunService::ReconcileOne(const std::string& run_id, LiveRun& live) {
  int64_t now = context_.clock.BootMicros();
  if (live.starting || live.losing) return;
  if (!live.adopted && now - live.since_boot_us < kProbeAfterUs) return;
  switch (backend_.Probe(RunId(run_id), AllocationId(live.allocation_id))) {
    case backend::Life::kAlive:
      if (IsOverdue(live, now))
        return EndLost(run_id,
                       "The run's executor did not end its finalizing within --finalizing-limit: "
                       "the last logs, metrics and outputs may be missing.");
      if (now - live.heard_boot_us <= context_.options.silent_seconds * 1'000'000) return;
      if (MutantPlanted("silence_is_death")) return Lost(run_id, live);
      NoteSilence(run_id, {.kind = model::EventKind::kSilent, .now_us = context_.NowMicros()});
      return;
    case backend::Life::kDead:
      return live.retries < kMostRetries ? StartAgain(run_id, live) : Lost(run_id, live);
    case backend::Life::kNotBegun:
      return StartAgain(run_id, live);
    case backend::Life::kUnknown:
      // One that may still come up finds the folder locked, or an older secret in its claim than
      // the server's: of the two at most one can take the run.
      if (now - live.heard_boot_us > kUnknownUs) StartAgain(run_id, live);
      return;
  }
}

bool RunService::IsOverdue(const LiveRun& live, int64_t now) const {
  int64_t limit = context_.options.finalizing_seconds * 1'000'000 + kFinalizingGraceUs;
  // Silence is no reason: what it still holds may come.
  bool heard = now - live.heard_boot_us < context_.options.silent_seconds * 1'000'000;
  return heard && live.exited_boot_us != 0 && now - live.exited_boot_us > limit;
}

void RunService::Lost(const std::string& run_id, LiveRun& live) {
  live.losing = true;
  LOG_WARN("run.lost", {"run", run_id}, {"allocation", live.allocation_id});
  backend_.KillRemains(RunId(run_id));
  std::string folder = backend_.FolderOf(RunId(run_id));
  auto end = [this, alive = alive_, run_id] {
    if (!*alive) return;
    EndLost(run_id,
            "The run's supervisor was killed after the script had ended: the last outputs may be "
            "missing.");
  };
  if (folder.empty()) return end();
  Salvage::Start(
      context_, logs_,
      {.run_id = run_id, .folder = folder, .because = "The run's supervisor was killed."}, end);
}

void RunService::EndLost(const std::string& run_id, const std::string& warning) {
  auto found = live_.find(run_id);
  if (found == live_.end()) return;
  LiveRun& live = found->second;
  live.losing = true;
  json::Value record = backend_.ExitRecord(RunId(run_id));
  int64_t now_us = context_.NowMicros();
  context_.writer.Submit(
      "run.lost",
      [run_id, id = live.allocation_id, record, warning, now_us](db::Connection& db) -> Status {
        TRY(EndLostRun(db, run_id, id, record, warning, now_us));
        return Ok();
      },
      [this, alive = alive_, run_id](Status status) {
        if (!*alive) return;
        if (!status) LOG_ERROR("run.lost", {"run", run_id}, {"error", status.error().message()});
        if (status) return AfterChange(run_id, true);
        if (auto at = live_.find(run_id); at != live_.end()) at->second.losing = false;
      });
}

void RunService::StartAgain(const std::string& run_id, LiveRun& live) {
  live.starting = true;
  std::string secret = context_.random.Hex(32);
  auto unclaimed = std::make_shared<bool>(false);
  backend::StartRequest request{AllocationId(live.allocation_id), RunId(run_id), live.node, secret};
  context_.writer.Submit(
      "run.start_again",
      [unclaimed, id = live.allocation_id, hash = Sha256Hex(secret)](db::Connection& db) -> Status {
        auto allocation = TRY(meta::FindAllocation(db, id));
        *unclaimed = allocation && !allocation->ended() && allocation->claimant.empty();
        if (!*unclaimed) return Ok();
        return meta::SetSecretHash(db, allocation->row, hash);
      },
      [this, alive = alive_, run_id, unclaimed, request](const Status& status) {
        if (!*alive) return;
        auto at = live_.find(run_id);
        if (at == live_.end()) return;
        at->second.starting = false;
        if (!status) return;
        if (!*unclaimed) return Lost(run_id, at->second);
        int retries = at->second.retries + 1;
        NewAllocation again{.id = at->second.allocation_id,
                            .compute_row = at->second.compute_row,
                            .node = at->second.node};
        LOG_WARN("run.start_again", {"run", run_id}, {"retries", retries});
        Launch(run_id, again, request.secret, retries);
      });
}

}  // namespace rw::server
