// Environments made without a run, and resolved anew.
#include "env/profile_hash.h"
#include "server/environment_service.h"
#include "server/environment_text.h"

namespace rw::server {

void EnvironmentService::Make(const json::Value& spec, const MakeOptions& options, Done done) {
  Waiter waiter{RunId(), options.workspace, nullptr, std::move(done)};
  auto parsed = env::ParseSpec(spec);
  // Nothing is resolved for an interpreter that is used as it is.
  if (!options.upgrade || !parsed || RealiseInterpreter(*parsed))
    return PrepareFor(spec, std::move(waiter));
  PrepareBuild(*std::move(parsed), std::move(waiter), true);
}

/// Runs wait for it, with the lock that it has.
void EnvironmentService::UpgradeAfter(const TaskPtr& task, env::EnvironmentSpec spec,
                                      Waiter waiter) {
  auto asked = std::make_shared<Waiter>(std::move(waiter));
  task->then.push_back(
      [this, spec = std::move(spec), asked] { PrepareBuild(spec, std::move(*asked), true); });
}

EnvironmentService::Told EnvironmentService::DecidedBy(const Task& task) {
  Told out;
  auto tell = [&](const std::string& message) {
    if (!message.empty()) out.push_back({"environment", message});
  };
  tell(task.python.warning);
  // Of one that was resolved they are those of its lock.
  for (const std::string& one : task.row.lock ? task.row.warnings : task.effective.warnings)
    tell(one);
  for (const std::string& one : task.decided) tell(one);
  return out;
}

std::string EnvironmentService::HashOf(const meta::EnvLock& lock) const {
  auto text = json::Parse(lock.spec);
  auto spec = text ? env::ParseSpec(*text) : Result<env::EnvironmentSpec>(text.error());
  if (!spec) return "";
  return env::ProfileHash(*spec, profiles(), env::PackagesOf(lock.lock.value_or("")));
}

std::optional<bool> EnvironmentService::ProfileChanged(const meta::EnvLock& lock) const {
  if (!lock.lock || lock.profile_hash.empty()) return std::nullopt;
  return lock.profile_hash != HashOf(lock);
}

}  // namespace rw::server
