#include "server/interactive_runs.h"

#include <algorithm>

#include "base/log.h"
#include "base/mutant.h"
#include "server/run_service.h"
#include "server/salvage.h"

namespace rw::server {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
/// Between two looks at a run that lives on in a forked process, or whose end could not be written.
constexpr int64_t kLookAgainUs = 5 * kSecondUs;

}  // namespace

void InteractiveRuns::Start() {
  using Found = std::vector<std::pair<std::string, LoggingProcess>>;
  auto found = std::make_shared<Found>();
  // Aside: a hundred thousand open runs do not hold up the server's start.
  ReadAside(
      service_.context(), "interactive.start",
      [found](db::Connection& db) -> Status {
        auto rows =
            TRY(db.Prepare("SELECT id, details_json FROM runs WHERE submitted = 0"
                           " AND status NOT IN ('Completed','Failed','Canceled')"
                           " AND instr(details_json, '\"process\"') > 0"));
        while (TRY(rows.Step())) {
          auto details = json::Parse(rows.Text(1));
          if (!details) continue;
          auto process = ReadLoggingProcess((*details)["process"]);
          if (process) found->emplace_back(rows.Text(0), *std::move(process));
        }
        return Ok();
      },
      [this, alive = alive_, found](const Status& read) {
        if (!*alive) return;
        if (!read) LOG_WARN("interactive.not_read", {"error", read.error().message()});
        for (const auto& [run_id, process] : *found)
          if (!watched_.contains(run_id)) Watch(run_id, process);
      });
}

void InteractiveRuns::Watch(const std::string& run_id, const LoggingProcess& process) {
  watched_[run_id] = {.process = process, .heard_boot_us = service_.context().clock.BootMicros()};
}

Result<net::Response> InteractiveRuns::Heartbeat(Call& call) {
  ServerContext& context = service_.context();
  const std::string& run_id = call.Param("run");
  TRY(context.auth.MayWriteRun(call.principal, run_id));
  json::Value body = TRY(call.JsonBody());
  LoggingProcess process = TRY(ReadLoggingProcess(body["process"]));
  auto run = TRY(meta::LoadRun(context.read, run_id));
  if (run.state.supervised)
    return Error(Code::kFailedPrecondition,
                 "run '" + run_id + "' has an executor, which says that it lives", "run");
  bool over = model::IsTerminal(run.state.status);
  if (over) {
    Forget(run_id);
  } else {
    Watched& watched = watched_[run_id];
    watched.process = process;
    watched.heard_boot_us = context.clock.BootMicros();
    watched.heard_wall_us = context.NowMicros();
    model::RunEvent heard{.kind = model::EventKind::kHeard, .now_us = context.NowMicros()};
    heard.value = process.ToJson();
    service_.NoteSilence(run_id, heard);
  }
  json::Value out = json::Object();
  out.Set("over", over);
  out.Set("seconds", std::max<int64_t>(1, context.options.silent_seconds / 3));
  return net::JsonResponse(out);
}

backend::Life InteractiveRuns::LifeOf(const LoggingProcess& process) const {
  const auto& probe = service_.context().options.life_of_process;
  return probe ? probe(process) : backend::Life::kUnknown;
}

void InteractiveRuns::Reconcile() {
  std::vector<std::string> ids;
  for (const auto& [id, watched] : watched_) ids.push_back(id);
  for (const std::string& id : ids) {
    auto watched = watched_.find(id);
    if (watched != watched_.end()) ReconcileOne(id, watched->second);
  }
}

void InteractiveRuns::ReconcileOne(const std::string& run_id, Watched& watched) {
  ServerContext& context = service_.context();
  int64_t now = context.clock.BootMicros();
  if (watched.losing || now < watched.again_boot_us) return;
  backend::Life life = LifeOf(watched.process);
  bool silent = now - watched.heard_boot_us > context.options.silent_seconds * kSecondUs;
  if (life != backend::Life::kDead && !silent) return;
  auto run = meta::FindRun(context.read, run_id);
  if (run && (!*run || model::IsTerminal((*run)->state.status))) return Forget(run_id);
  if (life == backend::Life::kDead) return Gone(run_id, watched);
  if (MutantPlanted("silent_process_is_dead")) return Gone(run_id, watched);
  Silent(run_id, watched, life == backend::Life::kAlive);
}

void InteractiveRuns::Silent(const std::string& run_id, const Watched& watched, bool is_there) {
  ServerContext& context = service_.context();
  model::RunEvent silent{.kind = model::EventKind::kSilent, .now_us = context.NowMicros()};
  std::string text = "no word from the process that logs it (" + watched.process.Words() + ") for ";
  text += std::to_string(context.options.silent_seconds) + " s: ";
  text += is_there
              ? "it is there, but stopped or cut off"
              : "it sleeps, is cut off, or was killed. If it is gone, `runwright sync " + run_id +
                    "` on " + watched.process.host + " sends what it left and ends the run";
  silent.reason = {text, 0};
  service_.NoteSilence(run_id, silent);
}

void InteractiveRuns::Gone(const std::string& run_id, Watched& watched) {
  ServerContext& context = service_.context();
  watched.losing = true;
  auto rest = std::make_shared<InteractiveRest>();
  rest->process = watched.process;
  rest->lost_boot_us = context.clock.BootMicros();
  rest->last_us = watched.heard_wall_us;
  context.pool.Run(
      "interactive.look",
      [rest, run_id, &fs = context.fs, life_of = context.options.life_of_process] {
        rest->Find(fs, run_id, life_of);
      },
      [this, alive = alive_, run_id, rest] {
        if (*alive) Looked(run_id, rest);
      });
}

InteractiveRuns::Watched* InteractiveRuns::StillLost(const std::string& run_id,
                                                     const InteractiveRest& rest) {
  auto at = watched_.find(run_id);
  if (at == watched_.end()) return nullptr;
  if (at->second.heard_boot_us <= rest.lost_boot_us) return &at->second;
  at->second.losing = false;
  return nullptr;
}

void InteractiveRuns::Looked(const std::string& run_id,
                             const std::shared_ptr<InteractiveRest>& rest) {
  Watched* watched = StillLost(run_id, *rest);
  if (watched == nullptr) return;
  ServerContext& context = service_.context();
  if (rest->others) {
    // Not silent either: it is known to live.
    watched->heard_boot_us = context.clock.BootMicros();
    watched->again_boot_us = watched->heard_boot_us + kLookAgainUs;
    watched->losing = false;
    return;
  }
  LOG_WARN("interactive.gone", {"run", run_id}, {"process", rest->process.Words()},
           {"folder_readable", rest->there});
  if (!rest->there || MutantPlanted("rest_forgotten")) return End(run_id, rest);
  Salvage::Start(context, service_.logs(),
                 {.run_id = run_id,
                  .folder = rest->process.folder,
                  .because = "The process that logged this run is gone.",
                  .submitted = false},
                 [this, alive = alive_, run_id, rest] {
                   if (*alive) End(run_id, rest);
                 });
}

void InteractiveRuns::End(const std::string& run_id, const std::shared_ptr<InteractiveRest>& rest) {
  if (StillLost(run_id, *rest) == nullptr) return;
  ServerContext& context = service_.context();
  int64_t now_us = context.NowMicros();
  context.writer.Submit(
      "run.process_gone",
      [run_id, rest, now_us](db::Connection& db) -> Status {
        auto run = TRY(meta::LoadRun(db, run_id));
        model::RunEvent event{.kind = model::EventKind::kAttemptFailed, .now_us = now_us};
        event.time_us = std::min(rest->last_us, now_us);
        event.value = rest->Error(run_id);
        TRY(meta::ApplyToRun(db, run, event));
        TRY(EndOpenChildren(db, run, now_us));
        return Ok();
      },
      [this, alive = alive_, run_id](const Status& written) {
        if (!*alive) return;
        if (written) {
          Forget(run_id);
          return service_.AfterChange(run_id, true);
        }
        LOG_WARN("interactive.not_ended", {"run", run_id}, {"error", written.error().message()});
        auto at = watched_.find(run_id);
        if (at == watched_.end()) return;
        at->second.losing = false;
        at->second.again_boot_us = service_.context().clock.BootMicros() + kLookAgainUs;
      });
}

}  // namespace rw::server
