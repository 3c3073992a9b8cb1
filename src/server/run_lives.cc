// What happens to a run between its submission and the executor's claim, and after its end.
#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "base/mutant.h"
#include "server/environment_text.h"
#include "server/run_service.h"

namespace rw::server {
namespace {

/// Is it for the user to mend, or for who runs the server?
bool IsTheUsers(Code code) {
  return code != Code::kInternal && code != Code::kUnavailable && code != Code::kNoSpace &&
         code != Code::kCorrupt && code != Code::kDeadlineExceeded;
}

constexpr int64_t kTellFetchingUs = 200'000;
constexpr const char* kBuildLog = "azureml-logs/20_image_build_log.txt";
/// An image without one is fine for commands.
Error NoPython(const std::string& image, const std::string& script) {
  return Error(Code::kInvalidArgument,
               "image " + (image.empty() ? "of the Dockerfile" : image) +
                   " has no Python that starts, which " + script +
                   " needs: choose a base image with Python 3.6 or newer, install it in a "
                   "base_dockerfile, give interpreter_path, or run a command",
               "environment.image");
}

/// After a change that could not be written.
constexpr auto kTryAgain = std::chrono::seconds(1);

}  // namespace

RunService::RunService(ServerContext& context, backend::ComputeBackend& backend,
                       EnvironmentGate& gate)
    : context_(context),
      backend_(backend),
      gate_(gate),
      scheduler_(context.loop, context.clock),
      logs_(context) {
  scheduler_.on_place = [this](int64_t compute_row, QueuedRun run, std::string node) {
    OnPlace(compute_row, std::move(run), std::move(node));
  };
  scheduler_.on_wait = [this](const std::string& run_id, model::RunStatus status,
                              model::Reason reason) { OnWait(run_id, status, std::move(reason)); };
  scheduler_.on_move = [this](const std::string& run_id) {
    context_.events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
  };
}

RunService::~RunService() {
  *alive_ = false;
  if (tick_ != 0) context_.loop.Cancel(tick_);
}

int64_t RunService::DefaultLocalNodes() const { return std::max(4, context_.options.cores); }

sched::TargetSettings RunService::LocalSettings(int64_t max_nodes) const {
  return {.name = "local", .kind = sched::TargetKind::kLocal, .max_nodes = max_nodes};
}

GrantFacts RunService::Facts() const {
  return {context_.options.url, context_.options.sdk_path, context_.paths.blobs,
          context_.options.finalizing_seconds, context_.paths.data_cache};
}

NewAllocation RunService::Mint(int64_t compute_row, std::string node, ReadyEnvironment environment,
                               std::string* secret) {
  *secret = context_.random.Hex(32);
  return {context_.random.Guid(), Sha256Hex(*secret), compute_row, std::move(node),
          OnNode(std::move(environment), EnvRootOf(compute_row))};
}

std::string RunService::EnvRootOf(int64_t compute_row) const {
  auto root = env_roots_.find(compute_row);
  return root == env_roots_.end() ? "" : root->second;
}

void RunService::NoteFetching(const std::string& run_id, const std::string& text) {
  auto live = live_.find(run_id);
  if (live == live_.end() || live->second.fetching == text) return;
  live->second.fetching = text;
  // Every megabyte is more than anybody reads.
  int64_t now = context_.clock.BootMicros();
  if (now - live->second.told_fetching_us < kTellFetchingUs) return;
  live->second.told_fetching_us = now;
  context_.events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
}

void RunService::NoteFetched(const std::string& run_id, const std::string& digest,
                             FetchedPack pack) {
  auto live = live_.find(run_id);
  if (live == live_.end()) return;
  FetchedPack& known = live->second.packs[digest];
  known = {std::max(known.done, pack.done), pack.total};
  FetchedPack sum;
  for (const auto& [name, one] : live->second.packs) {
    sum.done += one.done;
    sum.total += one.total;
  }
  constexpr uint64_t kMegabyte = 1'000'000;
  NoteFetching(run_id, "fetching build " + std::to_string(sum.done / kMegabyte) + "/" +
                           std::to_string(sum.total / kMegabyte) + " MB");
}

std::optional<ReadyEnvironment> RunService::ReadyFor(const meta::RunRow& run) {
  auto ready = gate_.Ready(run.environment);
  // Told by the way of environments that cannot be made.
  if (ready && ready->interpreter.empty() && !run.spec.StringOr("script").empty()) ready.reset();
  return ready;
}

void RunService::PrepareEnvironment(const meta::RunRow& run) {
  std::string id = run.id;
  gate_.Prepare(
      run.environment, RunId(id),
      [this, alive = alive_, id](std::string_view bytes) {
        if (*alive) logs_.Append(id, kBuildLog, std::string(bytes));
      },
      [this, alive = alive_, id, row = run.row, compute = run.compute_row,
       script = run.spec.StringOr("script"),
       image = run.environment["image"].StringOr("name")](Result<ReadyEnvironment> ready) {
        if (ready && ready->interpreter.empty() && !script.empty()) ready = NoPython(image, script);
        if (*alive) OnEnvironment(id, row, compute, std::move(ready));
      });
}

void RunService::OnEnvironment(const std::string& run_id, int64_t run_row, int64_t compute_row,
                               Result<ReadyEnvironment> ready) {
  if (ready) return scheduler_.Enqueue(compute_row, {run_row, run_id, *std::move(ready)});
  json::Value error = json::Object();
  error.Set("code", IsTheUsers(ready.error().code()) ? "UserError" : "SystemError");
  error.Set("message", "The environment could not be made: " + ready.error().message());
  error.Set("next_step",
            "Read azureml-logs/20_image_build_log.txt, mend the environment, submit again.");
  context_.writer.Submit(
      "run.decided",
      [run_row, told = gate_.Decided(RunId(run_id))](db::Connection& db) -> Status {
        for (const EnvironmentWarning& one : told)
          TRY(meta::AddWarning(db, run_row, one.source, one.message));
        return Ok();
      },
      [run_id](const Status& stored) {
        if (!stored) LOG_ERROR("run.decided", {"run", run_id}, {"error", stored.error().message()});
      });
  // The log ends before the run does, so that a follower sees all of it.
  logs_.AfterAppends(run_id, kBuildLog, [this, alive = alive_, run_id, error = std::move(error)] {
    if (*alive) FailRun(run_id, "", error);
  });
}

void RunService::OnPlace(int64_t compute_row, QueuedRun run, std::string node) {
  std::string secret;
  NewAllocation allocation = Mint(compute_row, std::move(node), run.environment, &secret);
  auto queued = std::make_shared<QueuedRun>(std::move(run));
  auto placed = std::make_shared<bool>(false);
  int64_t now_us = context_.NowMicros();
  context_.writer.Submit(
      "run.place",
      [placed, id = queued->id, allocation, facts = Facts(), now_us](db::Connection& db) -> Status {
        *placed = TRY(PlaceRun(db, id, allocation, facts, now_us));
        return Ok();
      },
      [this, alive = alive_, placed, id = queued->id, allocation, secret, queued](Status status) {
        if (!*alive) return;
        if (!status) LOG_ERROR("run.place", {"run", id}, {"error", status.error().message()});
        if (!status || !*placed) scheduler_.Release(allocation.compute_row, allocation.node);
        if (!status) return PlaceLater(allocation.compute_row, queued);
        if (!*placed) return;
        context_.events.Publish(id, {RunEvent::Kind::kStatus, ""});
        Launch(id, allocation, secret);
      });
}

/// Its place could not be written (the disk is full): it goes back to its place in the queue.
void RunService::PlaceLater(int64_t compute_row, std::shared_ptr<QueuedRun> run) {
  context_.loop.After("run.place_again", kTryAgain,
                      [this, alive = alive_, compute_row, run = std::move(run)] {
                        if (*alive) scheduler_.Enqueue(compute_row, *run);
                      });
}

void RunService::OnWait(const std::string& run_id, model::RunStatus status, model::Reason reason) {
  model::RunEvent event{.kind = model::EventKind::kWait, .now_us = context_.NowMicros()};
  event.status = status;
  event.reason = std::move(reason);
  context_.writer.Submit(
      "run.wait",
      [run_id, event](db::Connection& db) -> Status {
        auto run = TRY(meta::LoadRun(db, run_id));
        if (!model::IsBeforeStart(run.state.status)) return Ok();
        if (TRY(meta::LiveAllocationOf(db, run.row))) return Ok();
        TRY(meta::ApplyToRun(db, run, event));
        return Ok();
      },
      [this, alive = alive_, run_id](const Status&) {
        if (*alive) context_.events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
      });
}

void RunService::Launch(const std::string& run_id, const NewAllocation& allocation,
                        const std::string& secret, int retries) {
  int64_t now = context_.clock.BootMicros();
  live_[run_id] = {.allocation_id = allocation.id,
                   .compute_row = allocation.compute_row,
                   .node = allocation.node,
                   .since_boot_us = now,
                   .heard_boot_us = now,
                   .starting = true,
                   .retries = retries};
  backend_.Start(
      {AllocationId(allocation.id), RunId(run_id), allocation.node, secret},
      [this, alive = alive_, run_id, id = allocation.id](Status started) {
        if (!*alive) return;
        if (auto live = live_.find(run_id); live != live_.end()) live->second.starting = false;
        if (started) return;
        // A full disk: the reconciler starts it again, until there is room.
        if (started.error().code() == Code::kNoSpace) return;
        FailRun(run_id, id,
                model::SystemError("The run could not be started: " + started.error().message(),
                                   "Look into the server's log, then submit again."));
      });
}

void RunService::FailRun(const std::string& run_id, const std::string& allocation_id,
                         const json::Value& error) {
  int64_t now_us = context_.NowMicros();
  context_.writer.Submit(
      "run.fail",
      [=](db::Connection& db) -> Status {
        TRY(FailAttempt(db, run_id, allocation_id, error, now_us));
        return Ok();
      },
      [=, this, alive = alive_](Status status) {
        if (!*alive) return;
        if (status) return AfterChange(run_id, true);
        LOG_ERROR("run.fail", {"run", run_id}, {"error", status.error().message()});
        context_.loop.After("run.fail_again", kTryAgain, [=, this] {
          if (*alive) FailRun(run_id, allocation_id, error);
        });
      });
}

void RunService::AfterChange(const std::string& run_id, bool ended) {
  if (ended) {
    gate_.Forget(RunId(run_id));
    scheduler_.Dequeue(run_id);
    if (auto live = live_.find(run_id); live != live_.end()) {
      LiveRun gone = std::move(live->second);
      live_.erase(live);
      if (!gone.losing || !MutantPlanted("slot_leaked"))
        scheduler_.Release(gone.compute_row, gone.node);
    }
  }
  if (ended) RemoveSingleUse(run_id);
  context_.events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
  context_.events.Publish(run_id, {RunEvent::Kind::kCommand, ""});
  if (ended) logs_.Close(run_id);
  if (ended) metric_packer_.Note();
}

void RunService::FillWaiting(const meta::RunRow& run, json::Value& json) const {
  if (!model::IsBeforeStart(run.state.status) || !run.state.supervised) return;
  std::string missing = gate_.WaitsFor(RunId(run.id));
  if (!missing.empty()) {
    json.Set("status", model::StatusName(model::RunStatus::kPreparing));
    json.Set("reason", json::Object{{"text", missing}});
    return;
  }
  auto live = live_.find(run.id);
  if (live != live_.end() && !live->second.fetching.empty())
    json.Set("reason", json::Object{{"text", live->second.fetching}});
  auto waiting = scheduler_.WaitingOf(run.compute_row, run.id);
  if (!waiting) return;
  json.Set("status", model::StatusName(waiting->status));
  json::Value reason = json::Object();
  reason.Set("text", waiting->reason.text);
  if (waiting->reason.position > 0) reason.Set("position", waiting->reason.position);
  json.Set("reason", std::move(reason));
}

}  // namespace rw::server
