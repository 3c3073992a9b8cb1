// How an environment that is not there is made: choose a Python, resolve, build, keep.
#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "base/mutant.h"
#include "base/strings.h"
#include "server/environment_service.h"
#include "server/environment_text.h"

namespace rw::server {
namespace {

std::string Count(size_t n, const std::string& noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

std::string MinorOf(const std::string& version) {
  auto parsed = env::ParseVersion(version);
  return parsed ? std::to_string(parsed->major) + "." + std::to_string(parsed->minor) : version;
}

}  // namespace

void EnvironmentService::PrepareBuild(env::EnvironmentSpec spec, Waiter waiter, bool upgrade) {
  std::string env_id = env::EnvId(spec);
  auto present = tasks_.find(env_id);
  if (present != tasks_.end()) {
    TaskPtr task = present->second;
    if (upgrade && task->has_lock) return UpgradeAfter(task, std::move(spec), std::move(waiter));
    if (waiter.on_log && !task->row.log.empty()) waiter.on_log(task->row.log);
    return task->waiters.push_back(std::move(waiter));
  }
  auto task = std::make_shared<Task>();
  task->spec = std::move(spec);
  task->upgrade = upgrade;
  task->row.env_id = env_id;
  task->row.spec = env::CanonicalText(task->spec);
  task->row.created_us = task->row.last_used_us = context_.NowMicros();
  task->waiters.push_back(std::move(waiter));
  tasks_[env_id] = task;
  Begin(task);
}

void EnvironmentService::Begin(const TaskPtr& task) {
  Log(task, "Environment " + task->row.env_id.substr(0, 12) + "\n");
  for (const std::string& answered : task->spec.answered)
    Log(task, answered + " is answered by Runwright's own SDK: nothing is installed for it\n");
  auto row = meta::EnvLockRepository(context_.read).Find(task->row.env_id);
  if (!row) return Fail(task, row.error());
  if (*row && (*row)->lock && task->upgrade) {
    task->kept = **row;
  } else if (*row && (*row)->lock) {
    task->row.lock = (*row)->lock;
    task->row.created_us = (*row)->created_us;
    task->row.locked_us = (*row)->locked_us;
    task->row.profile_hash = (*row)->profile_hash;
    task->python = PythonOf((*row)->python);
    task->has_lock = true;
    task->row.warnings = (*row)->warnings;
    task->row.shims = (*row)->shims;
  }
  Realise(task);
}

void EnvironmentService::Choose(const TaskPtr& task) {
  if (task->has_lock && installer_.IsThere(task->spec, task->python.interpreter))
    return Locked(task);
  std::weak_ptr<bool> alive = alive_;
  installer_.Choose(
      task->spec, Follow(task), [this, task, alive](Result<env::PythonChoice> choice) {
        if (alive.expired()) return;
        SaveInterpreters();
        if (!choice) return Fail(task, choice.error());
        bool same_minor = task->has_lock && MinorOf(choice->interpreter.version) ==
                                                MinorOf(task->python.interpreter.version);
        task->python = *std::move(choice);
        if (same_minor) return Locked(task);
        task->has_lock = false;
        Resolve(task);
      });
}

void EnvironmentService::Resolve(const TaskPtr& task) {
  const env::Interpreter& python = task->python.interpreter;
  if (!task->python.warning.empty()) Log(task, task->python.warning + "\n");
  task->row.python = PythonJson(task->python);
  bool nothing = task->spec.requirements.empty() && !task->spec.recipe.site_packages;
  if (nothing && task->spec.kind != env::EnvironmentSpec::Kind::kConda) {
    KeepResolved(task, {});
    return Locked(task);
  }
  size_t asked = task->spec.requirements.size() + task->spec.conda_packages.size();
  Step(task, "resolving " + Count(task->spec.requirements.size(), "requirement"));
  Log(task, "Resolving " + Count(asked, "requirement") + " for Python " + python.version + "\n");
  installer_.Resolve(
      {task->spec, python, task->credentials}, Follow(task),
      [this, task, alive = std::weak_ptr<bool>(alive_)](Result<env::Resolved> resolved) {
        if (alive.expired()) return;
        if (!resolved) return Fail(task, resolved.error());
        if (resolved->python) task->python = {*resolved->python, ""};
        KeepResolved(task, *std::move(resolved));
        Locked(task);
      });
}

env::Progress EnvironmentService::Follow(const TaskPtr& task) {
  return {[this, task, alive = std::weak_ptr<bool>(alive_)](std::string_view lines) {
            if (!alive.expired()) Log(task, lines);
          },
          [this, task, alive = std::weak_ptr<bool>(alive_)](std::string_view words) {
            if (!alive.expired()) Step(task, words);
          },
          [task](const std::string& words) { task->decided.push_back(words); }};
}

void EnvironmentService::Locked(const TaskPtr& task) {
  meta::EnvLock& row = task->row;
  if (task->has_lock)
    Log(task, "Using the lock of " + FormatUtc(LockedMicros(row)) + " (" +
                  Count(env::PackagesOf(*row.lock).size(), "package") + ", Python " +
                  task->python.interpreter.version + ")\n");
  row.python = PythonJson(task->python);
  row.platform = installer_.Platform();
  row.build_id = env::MakeBuildId(*row.lock, row.platform, task->python.interpreter.Identity());
  row.lock_digest = row.lock->empty() ? "" : Sha256Hex(*row.lock);
  row.state = meta::EnvLock::State::kBuilding;
  row.updated_us = context_.NowMicros();
  task->state = "Building";
  if (task->kept) return Build(task);  // until it is ready the old one counts
  // Should the server die now, the next build uses the same lock.
  context_.writer.Submit(
      "env.locked", [row](db::Connection& db) { return meta::EnvLockRepository(db).Put(row); },
      [this, task, alive = std::weak_ptr<bool>(alive_)](const Status& stored) {
        if (alive.expired()) return;
        if (!stored) return Fail(task, stored.error());
        Build(task);
      });
}

void EnvironmentService::Build(const TaskPtr& task) {
  const std::string& id = task->row.build_id;
  auto shared = builds_.find(id);
  if (shared != builds_.end()) {
    shared->second.push_back(task);
    Log(task, "Waiting for build " + id.substr(0, 12) + ", which is being made\n");
    if (!build_logs_[id].empty()) Log(task, build_logs_[id]);
    return;
  }
  if (installer_.IsPublished(id)) {
    Log(task, "Using build " + id.substr(0, 12) + "\n");
    return StoreLock(task);
  }
  builds_[id] = {task};
  build_logs_[id].clear();
  std::weak_ptr<bool> alive = alive_;
  installer_.Build({task->spec, *task->row.lock, task->python.interpreter, id, task->credentials},
                   {[this, id, alive](std::string_view lines) {
                      if (alive.expired()) return;
                      build_logs_[id].append(lines);
                      std::vector<TaskPtr> followers = builds_[id];
                      for (const TaskPtr& follower : followers) Log(follower, lines);
                    },
                    [this, id, alive](std::string_view words) {
                      if (alive.expired()) return;
                      std::vector<TaskPtr> followers = builds_[id];
                      for (const TaskPtr& follower : followers) Step(follower, words);
                    }},
                   [this, id, alive](const Result<env::BuildFacts>& facts) {
                     if (!alive.expired()) Built(id, facts);
                   });
}

void EnvironmentService::Built(const std::string& build_id, const Result<env::BuildFacts>& facts) {
  auto followers = builds_.extract(build_id);
  build_logs_.erase(build_id);
  for (const TaskPtr& task : followers.mapped()) {
    if (!facts) {
      Fail(task, facts.error());
      continue;
    }
    task->row.bytes = facts->bytes;
    StoreLock(task);
  }
}

/// The lock is a blob, so that each run can show it among its files.
void EnvironmentService::StoreLock(const TaskPtr& task) {
  if (task->row.lock_digest.empty()) return Finish(task);
  auto stored = std::make_shared<Status>();
  context_.pool.Run(
      "env.store_lock",
      [stored, &blobs = context_.blobs, hex = task->row.lock_digest, text = *task->row.lock] {
        auto digest = cas::Digest::Parse(hex);
        *stored = digest ? blobs.Put(*digest, text) : Status(digest.error());
      },
      [this, task, stored, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        if (!*stored) return Fail(task, stored->error());
        Finish(task);
      });
}

void EnvironmentService::Finish(const TaskPtr& task) {
  meta::EnvLock& row = task->row;
  row.state = meta::EnvLock::State::kReady;
  row.updated_us = row.last_used_us = context_.NowMicros();
  context_.writer.Submit(
      "env.ready", [row](db::Connection& db) { return meta::EnvLockRepository(db).Put(row); },
      [this, task, alive = std::weak_ptr<bool>(alive_)](const Status& stored) {
        if (alive.expired()) return;
        if (!stored) return Fail(task, stored.error());
        const meta::EnvLock& row = task->row;
        ready_[row.env_id] = OfBuild(row, installer_);
        touched_us_[row.env_id] = row.last_used_us;
        LOG_INFO("env.ready", {"env", row.env_id}, {"build", row.build_id});
        Answer(task, ready_[row.env_id]);
      });
}

void EnvironmentService::Fail(const TaskPtr& task, const Error& error) {
  if (error.code() == Code::kNoSpace && !MutantPlanted("no_room_is_failure"))
    return WaitForRoom(task, error);
  meta::EnvLock row = task->kept ? *task->kept : task->row;
  if (task->kept) {
    row.upgrade_error = error.message();
  } else {
    row.state = meta::EnvLock::State::kFailed;
    row.error = error.message();
  }
  row.updated_us = context_.NowMicros();
  LOG_WARN("env.failed", {"env", row.env_id}, {"error", error.message()});
  context_.writer.Submit(
      "env.failed", [row](db::Connection& db) { return meta::EnvLockRepository(db).Put(row); },
      [this, task, error, alive = std::weak_ptr<bool>(alive_)](const Status&) {
        if (!alive.expired()) Answer(task, error);
      });
}

void EnvironmentService::Log(const TaskPtr& task, std::string_view lines) {
  task->row.log.append(lines);
  std::vector<OnLog> followers;
  for (const Waiter& waiter : task->waiters)
    if (waiter.on_log) followers.push_back(waiter.on_log);
  for (const OnLog& follower : followers) follower(lines);
  TellFollowers(task);
}

void EnvironmentService::Answer(const TaskPtr& task, const Result<ReadyEnvironment>& result) {
  // One at a time: an answer may make another run forget.
  while (!task->waiters.empty()) {
    Waiter waiter = std::move(task->waiters.front());
    task->waiters.erase(task->waiters.begin());
    if (!result && !waiter.run.str().empty()) decided_[waiter.run.str()] = DecidedBy(*task);
    waiter.done(result);
  }
  tasks_.erase(task->row.env_id);
  TellFollowers(task);
  for (const rw::Task& next : task->then) next();
}

}  // namespace rw::server
