#include "base/log.h"
#include "server/run_service.h"
#include "server/run_validate.h"

namespace rw::server {
namespace {

model::RunState WaitingState(model::RunStatus status, std::string text) {
  model::RunState state;
  state.status = status;
  state.reason = {std::move(text), 0};
  return state;
}

}  // namespace

/// What the turn of the submission decided, until its COMMIT.
struct RunService::Pending {
  Submission submission;
  std::optional<NewAllocation> allocation;
  std::string secret;
  std::optional<ReadyEnvironment> ready;
  Submitted submitted;
};

void RunService::Submit(CallPtr call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  auto submission = ValidateSubmission(context_, call->principal, call->Param("ws"), *body);
  if (!submission) return call->Fail(submission.error());
  meta::RunRow& run = submission->run;
  if (!run.state.supervised) {
    run.state.status = model::RunStatus::kRunning;
    if (run.state.start_us == 0) run.state.start_us = run.created_us;
    run.environment = nullptr;
    return Insert(std::move(call), *std::move(submission), std::nullopt);
  }
  auto env_id = gate_.Check(run.environment);
  if (!env_id) return call->Fail(env_id.error());
  run.env_id = *env_id;
  auto ready = ReadyFor(run);
  Insert(std::move(call), *std::move(submission), std::move(ready));
}

void RunService::Insert(CallPtr call, Submission submission,
                        std::optional<ReadyEnvironment> ready) {
  auto pending = std::make_shared<Pending>();
  pending->submission = std::move(submission);
  pending->ready = std::move(ready);
  meta::RunRow& run = pending->submission.run;
  auto known = meta::FindRun(context_.read, run.id);
  if (known && *known) pending->ready.reset();  // a repeat takes no place
  if (run.state.supervised) {
    run.state = WaitingState(model::RunStatus::kPreparing, "preparing the environment");
    if (pending->ready) {
      run.state =
          WaitingState(model::RunStatus::kQueued, "waiting for a place on '" + run.target + "'");
      if (auto node = scheduler_.TryPlace(run.compute_row, run.id)) {
        run.state = WaitingState(model::RunStatus::kStarting, "starting on node '" + *node + "'");
        pending->allocation = Mint(run.compute_row, *node, *pending->ready, &pending->secret);
      }
    }
    if (run.environment.is_null()) run.environment = json::Object();
    run.environment.Set("env_id", run.env_id);
  }
  context_.writer.Submit(
      "run.submit",
      [pending, facts = Facts(), fence = FenceOf(*call)](db::Connection& db) -> Status {
        pending->submitted =
            TRY(InsertSubmission(db, pending->submission, pending->allocation, facts, fence));
        return Ok();
      },
      [this, alive = alive_, pending, call](Status status) {
        if (!*alive) return;
        const meta::RunRow& run = pending->submission.run;
        bool taken = bool(status) && !pending->submitted.existed;
        if (!status) call->Fail(status.error());
        if (status) call->Json(pending->submitted.run, taken ? 201 : 200);
        if (pending->allocation && !taken) {
          scheduler_.Release(run.compute_row, pending->allocation->node);
        }
        if (auto process = ReadLoggingProcess(run.state.process); taken && process)
          interactive_.Watch(run.id, *process);
        if (!taken || !run.state.supervised) return;
        if (pending->allocation) return Launch(run.id, *pending->allocation, pending->secret);
        if (pending->ready) {
          return scheduler_.Enqueue(run.compute_row,
                                    {pending->submitted.row, run.id, *std::move(pending->ready)});
        }
        meta::RunRow stored = run;
        stored.row = pending->submitted.row;
        PrepareEnvironment(stored);
      });
}

}  // namespace rw::server
