// The executor's side of a run: claim, started, heartbeat, exited, finished, failed.
#include <algorithm>

#include "base/hash.h"
#include "base/mutant.h"
#include "base/strings.h"
#include "server/grant.h"
#include "server/protocol.h"
#include "server/run_service.h"

namespace rw::server {
namespace {

constexpr int64_t kTokenLifeAfterEndUs = int64_t{3600} * 1'000'000;

struct ClaimRequest {
  std::string allocation_id;
  std::string claimant;
  std::string secret;
  json::Value process;
};

Result<ClaimRequest> ReadClaim(const Call& call) {
  // The secret stands in for the token: who brings none is told nothing but that.
  auto given = call.JsonBody();
  if (!given || given->StringOr("secret").empty())
    return Error(Code::kUnauthenticated, "a claim needs the allocation's secret", "secret");
  json::Value body = *std::move(given);
  ClaimRequest out{call.Param("id"), TRY(json::RequireString(body, "claimant")),
                   body.StringOr("secret"), json::Object()};
  if (out.claimant.empty()) return Error(Code::kInvalidArgument, "claimant is empty", "claimant");
  TRY(CheckProtocol(body.IntOr("protocol", 0)));
  out.process.Set("host", body["host"]).Set("pid", body["pid"]);
  return out;
}

json::Value GrantOf(const meta::AllocationRow& allocation, const ClaimRequest& request) {
  json::Value grant = allocation.grant;
  grant.Set("token", RunToken(request.secret, request.claimant));
  grant.Set("fence", allocation.fence);
  return grant.Set("attempt", allocation.attempt);
}

Status RecordClaim(db::Connection& db, const meta::AllocationRow& allocation,
                   const ClaimRequest& request, int64_t now_us) {
  TRY(meta::SetClaimed(db, allocation.row, request.claimant, json::Write(request.process), now_us));
  auto run = TRY(meta::LoadRun(db, allocation.run_id));
  TRY(Auth::InsertRunToken(db, RunToken(request.secret, request.claimant), run.id, run.workspace_id,
                           allocation.id, now_us));
  model::RunEvent event{.kind = model::EventKind::kWait, .now_us = now_us};
  event.status = model::RunStatus::kPreparing;
  event.reason = {"preparing the working folder on node '" + allocation.node + "'", 0};
  if (model::IsBeforeStart(run.state.status)) TRY(meta::ApplyToRun(db, run, event));
  return Ok();
}

Result<net::Response> ClaimIn(db::Connection& db, const ClaimRequest& request, int64_t now_us,
                              bool& changed) {
  auto allocation = TRY(meta::FindAllocation(db, request.allocation_id));
  if (!allocation) {
    return Error(Code::kNotFound, "allocation " + request.allocation_id + " not found", "id");
  }
  if (!ConstantTimeEquals(allocation->secret_hash, Sha256Hex(request.secret))) {
    return Error(Code::kPermissionDenied, "wrong claim secret", "secret");
  }
  if (allocation->ended() && !MutantPlanted("no_fence")) return Fenced(allocation->id);
  if (allocation->claimant.empty() || MutantPlanted("no_fence")) {
    TRY(RecordClaim(db, *allocation, request, now_us));
    changed = true;
  } else if (allocation->claimant != request.claimant) {
    return Error(Code::kConflict,
                 "allocation " + allocation->id + " is claimed by another executor", "claimant");
  }
  return net::JsonResponse(GrantOf(*allocation, request));
}

/// Repeats of an executor that told its last word already.
Result<bool> IsRepeatOfTheEnd(db::Connection& db, const FenceClaim& fence) {
  auto allocation = TRY(meta::FindAllocation(db, fence.allocation_id));
  return allocation && allocation->state == "finished" &&
         fence.fence == std::to_string(allocation->fence);
}

Status EndByExecutor(db::Connection& db, const meta::AllocationRow& allocation,
                     const meta::RunRow& run, int64_t now_us) {
  TRY(meta::EndAllocation(db, allocation.row, "finished", now_us));
  if (!MutantPlanted("children_left")) TRY(EndOpenChildren(db, run, now_us));
  // The token lives on for the repeats of an executor that missed the answer.
  auto expire = TRY(db.Prepare("UPDATE tokens SET expires_us = ? WHERE run_id = ?"));
  return expire.Bind(now_us + kTokenLifeAfterEndUs).Bind(run.id).Run();
}

int64_t TimeIn(const json::Value& body, std::string_view key) {
  int64_t us = ParseUtc(body.StringOr(key));
  return us > 0 ? us : 0;
}

}  // namespace

void RunService::Claim(CallPtr call) {
  auto request = ReadClaim(*call);
  if (!request) return call->Fail(request.error());
  auto changed = std::make_shared<bool>(false);
  int64_t now_us = context_.NowMicros();
  CommitAndAnswer(
      context_, "allocation.claim", call,
      [changed, now_us, request = *request](db::Connection& db) {
        return ClaimIn(db, request, now_us, *changed);
      },
      [this, alive = alive_, changed, id = request->allocation_id] {
        if (!*alive || !*changed) return;
        for (auto& [run_id, live] : live_) {
          if (live.allocation_id != id) continue;
          live.heard_boot_us = context_.clock.BootMicros();
          context_.events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
          return;
        }
      });
}

void RunService::ChangeByExecutor(
    CallPtr call, std::string_view name,
    std::function<Status(db::Connection&, const meta::AllocationRow&, meta::RunRow&)> change) {
  if (call->principal.allocation_id != call->Param("id")) {
    return call->Fail(Error(Code::kPermissionDenied, "only the executor of allocation " +
                                                         call->Param("id") + " may do this"));
  }
  struct Outcome {
    std::string run_id;
    bool ended = false;
  };
  auto outcome = std::make_shared<Outcome>();
  outcome->run_id = call->principal.run_id;
  if (auto live = live_.find(outcome->run_id); live != live_.end()) {
    live->second.heard_boot_us = context_.clock.BootMicros();
  }
  CommitUnfencedAndAnswer(
      context_, name, call,
      [outcome, fence = FenceOf(*call),
       change = std::move(change)](db::Connection& db) -> Result<net::Response> {
        if (TRY(IsRepeatOfTheEnd(db, fence))) return net::JsonResponse(json::Object());
        TRY(CheckFence(db, fence));
        auto allocation = TRY(meta::FindAllocation(db, fence.allocation_id));
        auto run = TRY(meta::LoadRun(db, allocation->run_id));
        TRY(change(db, *allocation, run));
        outcome->ended = model::IsTerminal(run.state.status);
        return net::JsonResponse(json::Object());
      },
      [this, alive = alive_, outcome] {
        if (*alive) AfterChange(outcome->run_id, outcome->ended);
      });
}

void RunService::Started(CallPtr call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  model::RunEvent event{.kind = model::EventKind::kStarted, .now_us = context_.NowMicros()};
  event.time_us = TimeIn(*body, "start_time");
  ChangeByExecutor(std::move(call), "allocation.started",
                   [event](db::Connection& db, const meta::AllocationRow& allocation,
                           meta::RunRow& run) -> Status {
                     model::RunEvent started = event;
                     // Not before its submission, be the clock set back in between.
                     started.time_us = std::max(
                         started.time_us != 0 ? started.time_us : started.now_us, run.created_us);
                     TRY(meta::ApplyToRun(db, run, started));
                     return meta::SetAllocationState(db, allocation.row, "started");
                   });
}

void RunService::Exited(CallPtr call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  model::RunEvent event{.kind = model::EventKind::kExited, .now_us = context_.NowMicros()};
  event.time_us = TimeIn(*body, "end_time");
  auto live = live_.find(call->principal.run_id);
  if (live != live_.end() && live->second.exited_boot_us == 0)
    live->second.exited_boot_us = context_.clock.BootMicros();
  event.value = *std::move(body);
  ChangeByExecutor(std::move(call), "allocation.exited",
                   [event](db::Connection& db, const meta::AllocationRow& allocation,
                           meta::RunRow& run) -> Status {
                     TRY(meta::ApplyToRun(db, run, event));
                     return meta::SetAllocationState(db, allocation.row, "exited");
                   });
}

void RunService::Finished(CallPtr call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  int64_t now_us = context_.NowMicros();
  json::Value warnings = (*body)["warnings"];
  ChangeByExecutor(
      std::move(call), "allocation.finished",
      [warnings, now_us](db::Connection& db, const meta::AllocationRow& allocation,
                         meta::RunRow& run) -> Status {
        if (warnings.is_array()) {
          for (const json::Value& one : warnings.as_array()) {
            TRY(meta::AddWarning(db, run.row, one.StringOr("source", "executor"),
                                 one.StringOr("message")));
          }
        }
        TRY(meta::ApplyToRun(db, run, {.kind = model::EventKind::kFinished, .now_us = now_us}));
        return EndByExecutor(db, allocation, run, now_us);
      });
}

void RunService::Failed(CallPtr call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  model::RunEvent event{.kind = model::EventKind::kAttemptFailed, .now_us = context_.NowMicros()};
  event.value = *std::move(body);
  if (!event.value["code"].is_string()) event.value.Set("code", "SystemError");
  if (!event.value["message"].is_string()) {
    event.value.Set("message", "The executor could not run the script.");
  }
  ChangeByExecutor(std::move(call), "allocation.failed",
                   [event](db::Connection& db, const meta::AllocationRow& allocation,
                           meta::RunRow& run) -> Status {
                     TRY(meta::ApplyToRun(db, run, event));
                     return EndByExecutor(db, allocation, run, event.now_us);
                   });
}

}  // namespace rw::server
