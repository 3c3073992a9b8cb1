// Cancel, complete() and fail() from outside of the run.
#include "server/run_service.h"

namespace rw::server {
namespace {

struct Ending {
  bool ended = false;
};

/// The event on the run; an allocation that nobody claimed is fenced at once, so no process can
/// come of it.
Result<net::Response> ApplyEnding(db::Connection& db, const std::string& run_id,
                                  model::RunEvent event, const std::string& portal, Ending& out) {
  auto run = TRY(meta::LoadRun(db, run_id));
  auto allocation = TRY(meta::LiveAllocationOf(db, run.row));
  event.has_allocation = allocation && !allocation->claimant.empty();
  TRY(meta::ApplyToRun(db, run, event));
  out.ended = model::IsTerminal(run.state.status);
  if (out.ended && allocation && !event.has_allocation) {
    TRY(meta::EndAllocation(db, allocation->row, "fenced", event.now_us));
  }
  return net::JsonResponse(TRY(meta::RunToJson(db, run, portal)));
}

}  // namespace

void RunService::Cancel(CallPtr call) {
  std::string run_id = call->Param("run");
  Status may = context_.auth.MayWriteRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  ApplyFromOutside(std::move(call), run_id,
                   {.kind = model::EventKind::kCancel, .now_us = context_.NowMicros()});
}

void RunService::End(CallPtr call) {
  std::string run_id = call->Param("run");
  Status may = context_.auth.MayWriteRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  std::string status = body->StringOr("status");
  if (status != "Completed" && status != "Failed") {
    return call->Fail(
        Error(Code::kInvalidArgument, "status must be Completed or Failed", "status"));
  }
  model::RunEvent event{.kind = model::EventKind::kEnd, .now_us = context_.NowMicros()};
  // Said by the run's own script it is a word, not an order to end its processes.
  if (call->principal.run_id == run_id) event.kind = model::EventKind::kDeclare;
  event.value = *std::move(body);
  ApplyFromOutside(std::move(call), run_id, std::move(event));
}

void RunService::ApplyFromOutside(CallPtr call, const std::string& run_id, model::RunEvent event) {
  auto ending = std::make_shared<Ending>();
  CommitAndAnswer(
      context_, "run.end", std::move(call),
      [ending, run_id, event = std::move(event), portal = context_.options.url](
          db::Connection& db) { return ApplyEnding(db, run_id, event, portal, *ending); },
      [this, alive = alive_, ending, run_id] {
        if (*alive) AfterChange(run_id, ending->ended);
      });
}

}  // namespace rw::server
