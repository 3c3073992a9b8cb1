#include "server/gc_service.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "base/strings.h"
#include "env/build_folder.h"
#include "keep/gc_view.h"
#include "keep/references.h"
#include "meta/deletion.h"
#include "meta/settings.h"

namespace rw::server {
namespace {

constexpr const char* kLastSetting = "collected_us";
constexpr auto kTick = std::chrono::minutes(30);
constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr int64_t kPatienceUs = int64_t{180} * 1'000'000;
/// Runs a transaction: others wait a moment only.
constexpr size_t kRunsAtOnce = 20;

/// Enough of a digest to tell blobs apart; where two are alike both stay.
uint64_t Mark64(const cas::Digest& digest) {
  uint64_t out;
  std::memcpy(&out, digest.raw().data(), sizeof out);
  return out;
}

struct Count {
  uint64_t count = 0;
  uint64_t bytes = 0;
  void Add(uint64_t size) {
    count++;
    bytes += size;
  }
};

Count Of(const std::vector<keep::FolderFact>& facts) {
  Count out;
  for (const keep::FolderFact& fact : facts) out.Add(fact.bytes);
  return out;
}

json::Value ToJson(const Count& count) {
  return json::Value().Set("count", count.count).Set("bytes", count.bytes);
}

}  // namespace

struct GcService::Pass {
  Request request;
  Done done;
  meta::RetentionRules rules;
  int64_t now_us = 0;
  int64_t began_boot_us = 0;
  keep::GcView view;
  keep::GcPlan plan;
  std::vector<std::string> retired_builds;
  int64_t experiments = 0;
  int64_t snapshots = 0;
  uint64_t database_bytes = 0;
  std::vector<uint64_t> live;  // sorted
  Count blobs, removed_blobs;
  std::string unreadable;  // a snapshot's folder that could not be read: nothing is swept
  Status status = Ok();

  json::Value Report() const;
  json::Array BuildList() const;
};

json::Value GcService::Pass::Report() const {
  json::Value space, removed, out;
  space.Set("database", json::Value().Set("count", 1).Set("bytes", database_bytes));
  space.Set("blobs", ToJson(blobs)).Set("logs", ToJson(Of(view.log_folders)));
  space.Set("run_folders", ToJson(Of(view.run_folders))).Set("spool", ToJson(Of(view.spool)));
  space.Set("builds", ToJson(Of(view.builds)));
  removed.Set("runs", json::Value().Set("count", plan.purge.size()));
  removed.Set("expired_runs", json::Value().Set("count", plan.expire.size()));
  removed.Set("experiments", json::Value().Set("count", experiments));
  removed.Set("snapshots", json::Value().Set("count", snapshots));
  removed.Set("blobs", ToJson(removed_blobs)).Set("logs", ToJson(Of(plan.log_folders)));
  removed.Set("run_folders", ToJson(Of(plan.run_folders))).Set("spool", ToJson(Of(plan.spool)));
  removed.Set("builds", ToJson(Of(plan.builds)));
  out.Set("dry_run", request.dry_run)
      .Set("time", FormatUtc(now_us))
      .Set("rules", meta::ToJson(rules));
  out.Set("space", std::move(space)).Set("removed", std::move(removed));
  if (request.builds_only) out.Set("builds", BuildList());
  if (!unreadable.empty()) out.Set("blobs_kept_because", unreadable);
  return out;
}

json::Array GcService::Pass::BuildList() const {
  json::Array out;
  for (const keep::FolderFact& build : view.builds) {
    bool goes = std::any_of(plan.builds.begin(), plan.builds.end(),
                            [&](const keep::FolderFact& one) { return one.name == build.name; });
    json::Value one;
    one.Set("build_id", build.name).Set("bytes", build.bytes).Set("in_use", build.in_use);
    one.Set("last_used_time", FormatUtc(build.since_us)).Set("removed", goes);
    out.push_back(std::move(one));
  }
  return out;
}

GcService::GcService(RunService& runs, EnvironmentService* environments,
                     std::function<int64_t()> oldest_call)
    : runs_(runs),
      context_(runs.context()),
      environments_(environments),
      oldest_call_(std::move(oldest_call)) {}

GcService::~GcService() { *alive_ = false; }

void GcService::Start() {
  auto saved = meta::GetSetting(context_.read, kLastSetting);
  // The first one is a whole interval after the first start.
  auto known = saved ? ParseInt(*saved) : std::nullopt;
  last_us_ = known.value_or(context_.NowMicros());
  if (!known)
    context_.writer.Submit(
        "gc.first",
        [now = last_us_](db::Connection& db) {
          return meta::PutSetting(db, kLastSetting, std::to_string(now));
        },
        [](const Status&) {});
  Tick();
}

void GcService::Tick() {
  context_.loop.After("gc.tick", kTick, [this, alive = alive_] {
    if (!*alive) return;
    auto rules = meta::LoadRetention(context_.read);
    int64_t now = context_.NowMicros();
    bool due = rules && rules->every_days &&
               last_us_ + meta::DaysToMicros(*rules->every_days) <= now && !at_work_;
    if (due) Collect({}, [](const Result<json::Value>&) {});
    Tick();
  });
}

void GcService::Collect(const Request& request, Done done) {
  if (at_work_)
    return done(Error(Code::kConflict, "a collection is at work; wait for its end and repeat"));
  auto rules = meta::LoadRetention(context_.read);
  if (!rules) return done(rules.error());
  auto pass = std::make_shared<Pass>();
  pass->request = request;
  pass->done = std::move(done);
  pass->rules = *rules;
  pass->now_us = context_.NowMicros();
  if (request.build_days) pass->rules.build_days = request.build_days;
  if (!request.dry_run && !request.builds_only) last_us_ = pass->now_us;
  at_work_ = true;
  Look(pass);
}

void GcService::Look(const PassPtr& pass) {
  const Paths& paths = context_.paths;
  keep::GcFolders folders{paths.runs, paths.logs, paths.spool, paths.env + "/builds"};
  ReadAside(
      context_, "gc.look",
      [pass, folders, &fs = context_.fs, database = paths.database](db::Connection& db) -> Status {
        pass->view = TRY(keep::LookForGc(db, fs, folders, pass->now_us));
        for (const char* end : {"", "-wal"})
          if (auto info = fs.Stat(database + end)) pass->database_bytes += info->size;
        return Ok();
      },
      [this, alive = alive_, pass](Status status) {
        if (!*alive) return;
        if (!status) return Finish(pass, std::move(status));
        pass->plan = keep::PlanGc(pass->view, pass->rules);
        if (pass->request.builds_only) pass->plan = {.builds = std::move(pass->plan.builds)};
        if (pass->request.dry_run)
          return pass->request.builds_only ? Finish(pass, Ok()) : Mark(pass);
        if (pass->request.builds_only) return RetireBuilds(pass);
        RemoveRuns(pass, 0);
      });
}

/// A few runs a transaction.
void GcService::RemoveRuns(const PassPtr& pass, size_t from) {
  const auto& expire = pass->plan.expire;
  const auto& purge = pass->plan.purge;
  if (from >= std::max(expire.size(), purge.size())) return RemoveRows(pass);
  for (size_t i = from; i < std::min(from + kRunsAtOnce, purge.size()); i++)
    runs_.logs().Close(purge[i]);
  context_.writer.Submit(
      "gc.runs",
      [pass, from](db::Connection& db) -> Status {
        const keep::GcPlan& plan = pass->plan;
        for (size_t i = from; i < from + kRunsAtOnce; i++) {
          // One that came to life again, or was restored, stays.
          if (i < plan.expire.size()) (void)meta::DeleteRun(db, plan.expire[i], pass->now_us);
          if (i < plan.purge.size()) (void)meta::PurgeRun(db, plan.purge[i]);
        }
        return Ok();
      },
      [this, alive = alive_, pass, from](Status status) {
        if (!*alive) return;
        if (!status) return Finish(pass, std::move(status));
        RemoveRuns(pass, from + kRunsAtOnce);
      });
}

void GcService::RemoveRows(const PassPtr& pass) {
  context_.writer.Submit(
      "gc.rows",
      [pass](db::Connection& db) -> Status {
        pass->experiments = TRY(meta::PurgeExperiments(db, pass->plan.deleted_us));
        pass->snapshots = TRY(meta::PurgeSnapshots(db, pass->plan.blob_us));
        TRY(meta::PutSetting(db, kLastSetting, std::to_string(pass->now_us)));
        return Ok();
      },
      [this, alive = alive_, pass](Status status) {
        if (!*alive) return;
        if (!status) return Finish(pass, std::move(status));
        RetireBuilds(pass);
      });
}

void GcService::RetireBuilds(const PassPtr& pass) {
  if (environments_ != nullptr)
    for (const keep::FolderFact& build : pass->plan.builds)
      if (auto retired = environments_->Retire(build.name, build.since_us))
        pass->retired_builds.push_back(*std::move(retired));
  RemoveFolders(pass);
}

void GcService::RemoveFolders(const PassPtr& pass) {
  const Paths& paths = context_.paths;
  std::vector<std::string> trees;
  for (const auto& fact : pass->plan.run_folders) trees.push_back(paths.runs + "/" + fact.name);
  for (const auto& fact : pass->plan.log_folders) trees.push_back(paths.logs + "/" + fact.name);
  for (const auto& fact : pass->plan.spool) trees.push_back(paths.spool + "/" + fact.name);
  // Of runs that are removed for good, now: nobody knows them any more.
  for (const std::string& id : pass->plan.purge) {
    trees.push_back(paths.runs + "/" + id);
    trees.push_back(paths.logs + "/" + id);
  }
  context_.pool.Run(
      "gc.folders",
      [pass, trees = std::move(trees), &fs = context_.fs] {
        for (const std::string& tree : trees)
          if (Status removed = fs.RemoveTree(tree); !removed)
            LOG_WARN("gc.folder", {"folder", tree}, {"error", removed.error().message()});
        env::RemoveLeftovers(pass->retired_builds);
      },
      [this, alive = alive_, pass] {
        if (!*alive) return;
        if (pass->request.builds_only) return Finish(pass, Ok());
        pass->began_boot_us = context_.clock.BootMicros();
        context_.blobs.BeginSweep();
        AwaitCalls(pass);
      });
}

/// A request that found its blob before the sweep began may name it until it is answered. What
/// comes later is noted by the store.
void GcService::AwaitCalls(const PassPtr& pass) {
  if (oldest_call_() > pass->began_boot_us) return Mark(pass);
  if (context_.clock.BootMicros() - pass->began_boot_us > kPatienceUs)
    return Finish(pass, Error(Code::kUnavailable,
                              "requests that came before the collection are still unanswered: no "
                              "blob was removed; the next one tries again"));
  context_.loop.After("gc.await", kLookAgain, [this, alive = alive_, pass] {
    if (*alive) AwaitCalls(pass);
  });
}

void GcService::Mark(const PassPtr& pass) {
  keep::Leaving leaving;
  if (pass->request.dry_run) leaving = {pass->plan.deleted_us, pass->plan.blob_us};
  ReadAside(
      context_, "gc.mark",
      [pass, leaving, &fs = context_.fs, root = context_.paths.blobs](db::Connection& db) {
        // A store of its own: what it reads does not count as used.
        cas::FolderBlobStore store(fs, root);
        Status walked = keep::WalkReferences(
            db, store, leaving,
            [pass](const keep::BlobReference& one) -> Status {
              pass->live.push_back(Mark64(one.digest));
              return Ok();
            },
            &pass->unreadable);
        std::sort(pass->live.begin(), pass->live.end());
        return walked;
      },
      [this, alive = alive_, pass](Status status) {
        if (!*alive) return;
        if (!status) return Finish(pass, std::move(status));
        Sweep(pass);
      });
}

void GcService::Sweep(const PassPtr& pass) {
  context_.pool.Run(
      "gc.sweep",
      [pass, &blobs = context_.blobs] {
        pass->status = blobs.ForEach([&](const cas::Digest& digest, const os::FileInfo& info) {
          return [&]() -> Status {
            pass->blobs.Add(info.size);
            bool named = std::binary_search(pass->live.begin(), pass->live.end(), Mark64(digest));
            bool fresh = std::max(info.mtime_ns, info.ctime_ns) / 1000 > pass->plan.blob_us;
            if (named || fresh || !pass->unreadable.empty()) return Ok();
            if (!pass->request.dry_run && !TRY(blobs.RemoveUnused(digest))) return Ok();
            pass->removed_blobs.Add(info.size);
            return Ok();
          }();
        });
      },
      [this, alive = alive_, pass] {
        if (*alive) Finish(pass, std::move(pass->status));
      });
}

void GcService::Finish(const PassPtr& pass, Status status) {
  context_.blobs.EndSweep();
  context_.closures.Forget();
  at_work_ = false;
  if (!status) {
    LOG_WARN("gc.failed", {"error", status.error().message()});
    return pass->done(status.error());
  }
  LOG_INFO("gc.done", {"dry_run", pass->request.dry_run}, {"runs", pass->plan.purge.size()},
           {"blobs", pass->removed_blobs.count}, {"bytes", pass->removed_blobs.bytes});
  pass->done(pass->Report());
}

}  // namespace rw::server
