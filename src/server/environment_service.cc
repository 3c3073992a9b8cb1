#include "server/environment_service.h"

#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "base/strings.h"
#include "env/build_manifest.h"
#include "env/bytecode.h"
#include "env/packed_build.h"
#include "meta/settings.h"
#include "os/paths.h"
#include "server/environment_text.h"
#include "server/secret_box.h"

namespace rw::server {
namespace {
using env::EnvironmentSpec;

constexpr const char* kInterpretersSetting = "interpreters";
/// "Last used" is for people: one write an hour is enough.
constexpr int64_t kTouchEveryUs = 3'600'000'000;

}  // namespace

EnvironmentService::EnvironmentService(ServerContext& context, env::Installer& installer)
    : context_(context),
      installer_(installer),
      secrets_(std::make_shared<SecretBox>(context.fs, context.random, context.paths.secrets_key)) {
  auto saved = meta::GetSetting(context_.read, kInterpretersSetting);
  if (!saved || saved->empty()) return;
  saved_interpreters_ = *saved;
  installer_.LoadState(saved_interpreters_);
}

EnvironmentService::~EnvironmentService() = default;

void EnvironmentService::Start() {
  int64_t now = context_.NowMicros();
  context_.writer.Submit(
      "env.fail_unfinished",
      [now](db::Connection& db) {
        return meta::EnvLockRepository(db).FailUnfinished(
            "the server ended while this was being built; the next run builds it anew", now);
      },
      [](const Status&) {});
  // The first run then finds the default Python known.
  auto known = installer_.Known("python");
  if (!known || (*known && installer_.KnownPackages((*known)->path))) return;
  installer_.Find("python",
                  [this, alive = std::weak_ptr<bool>(alive_)](const Result<env::Interpreter>&) {
                    if (!alive.expired()) SaveInterpreters();
                  });
}

Result<std::string> EnvironmentService::Check(const json::Value& spec) {
  auto parsed = env::ParseSpec(spec);
  if (!parsed) return InRequest(parsed.error());
  // Where nothing is known of frameworks, the build says so.
  Status known = context_.options.profiles ? env::CheckFramework(*parsed, profiles()) : Ok();
  if (!known) return InRequest(known.error());
  return env::EnvId(*parsed);
}

std::optional<ReadyEnvironment> EnvironmentService::Ready(const json::Value& spec) {
  auto parsed = env::ParseSpec(spec);
  if (!parsed) return std::nullopt;
  auto effective = RealiseInterpreter(*parsed);
  if (effective) return ReadyInterpreter(*effective, env::EnvId(*parsed));
  return ReadyBuild(*parsed);
}

std::optional<ReadyEnvironment> EnvironmentService::ReadyInterpreter(
    const env::Effective& effective, const std::string& env_id) {
  auto known = installer_.Known(effective.spec.interpreter_path);
  if (!known || !*known) return std::nullopt;
  auto packages = installer_.KnownPackages((*known)->path);
  if (!packages) return std::nullopt;
  return OfInterpreter(**known, env_id, WithShims(effective, *packages));
}

env::Effective EnvironmentService::WithShims(env::Effective effective,
                                             const std::vector<std::string>& packages) const {
  effective.shims = env::ShimsFor(effective.spec, profiles(), packages, std::move(effective.shims));
  return effective;
}

std::optional<ReadyEnvironment> EnvironmentService::ReadyBuild(const EnvironmentSpec& spec) {
  std::string env_id = env::EnvId(spec);
  auto cached = ready_.find(env_id);
  if (cached == ready_.end()) {
    auto row = meta::EnvLockRepository(context_.read).Find(env_id);
    if (!row || !*row || (*row)->state != meta::EnvLock::State::kReady) return std::nullopt;
    cached = ready_.emplace(env_id, OfBuild(**row, installer_)).first;
  }
  if (!installer_.IsPublished(cached->second.build_id)) {
    ready_.erase(cached);  // its folder or its interpreter went away: built again
    return std::nullopt;
  }
  Touch(env_id);
  return cached->second;
}

void EnvironmentService::Touch(const std::string& env_id) {
  int64_t now = context_.NowMicros();
  int64_t& last = touched_us_[env_id];
  if (last != 0 && now - last < kTouchEveryUs) return;
  last = now;
  if (auto ready = ready_.find(env_id); ready != ready_.end())
    installer_.Used(ready->second.build_id);
  context_.writer.Submit(
      "env.touch",
      [env_id, now](db::Connection& db) { return meta::EnvLockRepository(db).Touch(env_id, now); },
      [](const Status&) {});
}

void EnvironmentService::Prepare(const json::Value& spec, const RunId& run, OnLog on_log,
                                 Done done) {
  PrepareFor(spec, {run, "", std::move(on_log), std::move(done)});
}

void EnvironmentService::PrepareFor(const json::Value& spec, Waiter waiter) {
  auto parsed = env::ParseSpec(spec);
  if (!parsed) return waiter.done(InRequest(parsed.error()));
  std::string env_id = env::EnvId(*parsed);
  auto effective = RealiseInterpreter(*parsed);
  auto ready = effective ? ReadyInterpreter(*effective, env_id) : ReadyBuild(*parsed);
  if (ready) return waiter.done(*std::move(ready));
  if (effective) return PrepareInterpreter(*std::move(effective), env_id, std::move(waiter));
  PrepareBuild(*std::move(parsed), std::move(waiter), false);
}

void EnvironmentService::PrepareInterpreter(env::Effective effective, const std::string& env_id,
                                            Waiter waiter) {
  uint64_t id = next_finding_++;
  finding_[id] = std::move(waiter);
  std::string path = effective.spec.interpreter_path;
  installer_.Find(path, [this, id, env_id, effective = std::move(effective),
                         alive = std::weak_ptr<bool>(alive_)](Result<env::Interpreter> found) {
    if (alive.expired()) return;
    SaveInterpreters();
    auto waiter = finding_.extract(id);
    if (waiter.empty()) return;  // forgotten
    if (!found) return waiter.mapped().done(InRequest(found.error()));
    auto packages = installer_.KnownPackages(found->path);
    waiter.mapped().done(OfInterpreter(
        *found, env_id, WithShims(effective, packages.value_or(std::vector<std::string>()))));
  });
}

void EnvironmentService::SaveInterpreters() {
  std::string now = installer_.SaveState();
  if (now == saved_interpreters_) return;
  saved_interpreters_ = now;
  context_.writer.Submit(
      "env.save_interpreters",
      [now](db::Connection& db) { return meta::PutSetting(db, kInterpretersSetting, now); },
      [](const Status&) {});
}

void EnvironmentService::Forget(const RunId& run) {
  decided_.erase(run.str());
  std::erase_if(finding_, [&](const auto& entry) { return entry.second.run == run; });
  for (auto& [env_id, task] : tasks_)
    std::erase_if(task->waiters, [&](const Waiter& waiter) { return waiter.run == run; });
}

EnvironmentService::Told EnvironmentService::Decided(const RunId& run) const {
  auto found = decided_.find(run.str());
  return found == decided_.end() ? Told() : found->second;
}

/// Also those whose executor is still to fetch it.
bool EnvironmentService::HasRuns(const std::string& build_id) {
  auto rows = context_.read.Prepare(
      "SELECT 1 FROM runs WHERE build_id = ? AND status NOT IN ('Completed','Failed','Canceled')");
  if (!rows) return true;
  auto any = rows->Bind(build_id).Step();
  return !any || *any;
}

std::optional<std::string> EnvironmentService::Retire(const std::string& build_id,
                                                      int64_t last_used_us) {
  if (builds_.contains(build_id)) return std::nullopt;
  for (const auto& [env_id, ready] : ready_)
    if (auto used = touched_us_.find(env_id);
        ready.build_id == build_id && used != touched_us_.end() && used->second > last_used_us)
      return std::nullopt;
  const std::string folder = installer_.BuildFolder(build_id);
  if (HasRuns(build_id)) return std::nullopt;
  auto held = installer_.HoldUnused(build_id);
  if (!held) return std::nullopt;
  installer_.Retiring(build_id);
  // Leftovers of that name are removed at the next start, should this server end now.
  std::string aside = os::JoinPath(os::DirName(folder), ".part-retired-" + build_id);
  if (!context_.fs.Rename(folder, aside)) return std::nullopt;
  (void)env::RemoveChangedMark(context_.fs, folder);
  (void)context_.fs.Rename(env::BytecodeFolder(folder), aside + "/bytecode");
  for (const std::string& pack : env::PackFilesOf(folder))
    (void)context_.fs.Rename(pack, aside + "/" + os::BaseName(pack) + ".pack");
  std::erase_if(ready_, [&](const auto& entry) { return entry.second.build_id == build_id; });
  return aside;
}

std::vector<EnvironmentService::AtWork> EnvironmentService::Working() const {
  std::vector<AtWork> out;
  for (const auto& [env_id, task] : tasks_)
    out.push_back({task->row, task->state, task->waits_for.empty() ? task->step : task->waits_for,
                   task->news});
  return out;
}

}  // namespace rw::server
