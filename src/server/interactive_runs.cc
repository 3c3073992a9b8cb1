#include "server/interactive_runs.h"

#include <algorithm>

#include "base/log.h"
#include "base/mutant.h"
#include "journal/record.h"
#include "server/run_service.h"
#include "server/salvage.h"

namespace rw::server {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
/// Between two looks at a run that lives on in a forked process, or whose end could not be written.
constexpr int64_t kLookAgainUs = 5 * kSecondUs;

/// The process that the first record of a journal names.
std::optional<LoggingProcess> WriterOf(os::FileSystem& fs, const std::string& path,
                                       LoggingProcess process) {
  auto file = fs.Open(path, os::OpenMode::kRead);
  if (!file) return std::nullopt;
  std::string head(4096, '\0');
  auto size = (*file)->ReadAt(0, std::span<char>(head));
  if (!size) return std::nullopt;
  head.resize(*size);
  auto batch = journal::ParseRecords(head, 0);
  if (batch.records.empty()) return std::nullopt;
  auto opened = json::Parse(batch.records[0].body);
  if (!opened || opened->IntOr("pid", 0) <= 0) return std::nullopt;
  process.pid = opened->IntOr("pid", 0);
  process.start_ticks = opened->IntOr("start_ticks", 0);
  process.boot_id = opened->StringOr("boot_id");
  return process;
}

}  // namespace

struct InteractiveRuns::Rest {
  LoggingProcess process;
  int64_t lost_boot_us = 0;  // when its death was seen
  bool there = false;        // its folder can be read here
  bool others = false;       // a forked process of it still logs
  int64_t last_us = 0;       // when it wrote last
  std::string outputs;       // the folder whose files are the run's; "": none

  void Find(os::FileSystem& fs, const std::string& run_id,
            const std::function<backend::Life(const LoggingProcess&)>& life_of) {
    auto text = process.folder.empty() ? Result<std::string>(std::string())
                                       : os::ReadFile(fs, process.folder + "/run.json", 1 << 20);
    auto info = text ? json::Parse(*text) : Result<json::Value>(text.error());
    // It says so itself: no folder of anybody else is read.
    there = info && info->StringOr("run_id") == run_id && info->StringOr("kind") == "interactive";
    if (!there) return;
    outputs = info->StringOr("outputs");
    auto entries = fs.List(process.folder + "/journal");
    for (const os::DirEntry& entry : entries ? *entries : std::vector<os::DirEntry>()) {
      std::string path = process.folder + "/journal/" + entry.name;
      auto file = fs.Stat(path);
      if (file) last_us = std::max(last_us, file->mtime_ns / 1000);
      auto writer = WriterOf(fs, path, process);
      if (writer && *writer != process && life_of(*writer) == backend::Life::kAlive) others = true;
    }
  }
};

namespace {

json::Value ErrorOf(const LoggingProcess& process, const std::string& run_id, bool there,
                    bool outputs) {
  json::Value error = json::Object();
  error.Set("code", "UserError");
  error.Set("message", "The process that logged this run (" + process.Words() +
                           ") ended without complete() or fail().");
  std::string next;
  if (!there) {
    next = "Its folder cannot be read by the server: `runwright sync " + run_id + "` on " +
           process.host + " sends what it logged last.";
  } else if (outputs) {
    next = "All that it logged is here. `runwright sync " + run_id + "` on " + process.host +
           " sends the files of its outputs folder.";
  } else {
    next = "All that it logged is here.";
  }
  return error.Set("next_step", next);
}

}  // namespace

Status InteractiveRuns::Start() {
  ServerContext& context = service_.context();
  auto rows = TRY(context.read.Prepare(
      "SELECT " + std::string(meta::RunColumns()) +
      " FROM runs WHERE submitted = 0 AND status NOT IN ('Completed','Failed','Canceled')"));
  while (TRY(rows.Step())) {
    meta::RunRow run = meta::ReadRun(rows);
    auto process = ReadLoggingProcess(run.state.process);
    if (process) Watch(run.id, *process);
  }
  return Ok();
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
  auto rest = std::make_shared<Rest>();
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

InteractiveRuns::Watched* InteractiveRuns::StillLost(const std::string& run_id, const Rest& rest) {
  auto at = watched_.find(run_id);
  if (at == watched_.end()) return nullptr;
  if (at->second.heard_boot_us <= rest.lost_boot_us) return &at->second;
  at->second.losing = false;
  return nullptr;
}

void InteractiveRuns::Looked(const std::string& run_id, const std::shared_ptr<Rest>& rest) {
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

void InteractiveRuns::End(const std::string& run_id, const std::shared_ptr<Rest>& rest) {
  if (StillLost(run_id, *rest) == nullptr) return;
  ServerContext& context = service_.context();
  int64_t now_us = context.NowMicros();
  context.writer.Submit(
      "run.process_gone",
      [run_id, rest, now_us](db::Connection& db) -> Status {
        auto run = TRY(meta::LoadRun(db, run_id));
        model::RunEvent event{.kind = model::EventKind::kAttemptFailed, .now_us = now_us};
        event.time_us = std::min(rest->last_us, now_us);
        event.value = ErrorOf(rest->process, run_id, rest->there, !rest->outputs.empty());
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
