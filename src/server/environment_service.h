// Makes environments ready for runs: looks up, resolves once, builds once, shares.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "env/installer.h"
#include "meta/environments.h"
#include "os/paths.h"
#include "server/environment_gate.h"
#include "server/router.h"
#include "server/server_context.h"

namespace rw::server {

class SecretBox;

/// On the loop's thread. What is warm is answered from memory, or one row of the database, and a
/// few stats; no process is started. An env_id is resolved once and its lock then kept; a build_id
/// is built once while all that need it follow its log.
class EnvironmentService final : public EnvironmentGate {
 public:
  EnvironmentService(ServerContext& context, env::Installer& installer);
  ~EnvironmentService() override;

  /// What was in work when the last server ended is marked; runs that still wait ask again.
  void Start();

  Result<std::string> Check(const json::Value& spec) override;
  std::optional<ReadyEnvironment> Ready(const json::Value& spec) override;
  void Prepare(const json::Value& spec, const RunId& run, OnLog on_log, Done done) override;
  void Forget(const RunId& run) override;
  Told Decided(const RunId& run) const override;
  std::string WaitsFor(const RunId& run) const override;

  struct MakeOptions {
    std::string workspace;  // whose secrets the spec's credentials name; "": of none
    /// Resolved anew, also where it is locked. Its new lock takes the old one's place when its
    /// build is ready: runs that wait or run keep what they have. A failure changes nothing, and is
    /// what the build's `upgrade_error` says.
    bool upgrade = false;
  };
  /// As Prepare, without a run.
  void Make(const json::Value& spec, const MakeOptions& options, Done done);
  /// What profiles say of it is something else than when it was locked; nothing where that is not
  /// known.
  std::optional<bool> ProfileChanged(const meta::EnvLock& lock) const;

  /// Puts a build that nobody used since `last_used_us` out of use: the next run that needs it
  /// builds it anew. Where its folder lies now, to be removed; nothing where it is in use.
  std::optional<std::string> Retire(const std::string& build_id, int64_t last_used_us);

  /// What is being made now, as the builds' routes show it: state, lock as far as known, log so
  /// far.
  struct AtWork {
    meta::EnvLock lock;
    std::string state;  // "Resolving", "Building"
    std::string step;   // "downloading tensorflow 203/475 MB", or what it waits for
    int64_t news = 0;   // another number after each of them changed
  };
  std::vector<AtWork> Working() const;

  /// Where a build is, or would be; and the folder of all of them.
  std::string BuildFolder(const std::string& build_id) const {
    return installer_.BuildFolder(build_id);
  }
  std::string BuildsFolder() const { return os::DirName(installer_.BuildFolder("id")); }

 private:
  bool HasRuns(const std::string& build_id);
  struct Waiter {
    RunId run;              // "": none
    std::string workspace;  // where there is no run
    OnLog on_log;
    Done done;
  };
  /// One env_id on its way.
  struct Task {
    env::EnvironmentSpec spec;
    meta::EnvLock row;  // as it will be stored
    std::string state = "Resolving";
    env::Effective effective;
    std::vector<env::Credential> credentials;
    env::PythonChoice python;
    std::vector<Waiter> waiters;
    bool has_lock = false;
    bool upgrade = false;
    std::optional<meta::EnvLock> kept;  // of an upgrade: what counts until it is ready
    std::vector<std::string> decided;   // substitutions before a resolution failed
    std::vector<rw::Task> then;         // when this one is over
    std::string step;                   // what is being done for it at this moment
    std::string waits_for;  // the room that its last try did not find; "": none failed so
    int64_t pause_us = 0;   // the last one before trying again
    int64_t news = 0;
  };
  using TaskPtr = std::shared_ptr<Task>;

  const env::Profiles& profiles() const;
  /// What a spec comes to that needs no build; nothing where it needs one.
  std::optional<env::Effective> RealiseInterpreter(const env::EnvironmentSpec& spec);
  std::optional<ReadyEnvironment> ReadyInterpreter(const env::Effective& effective,
                                                   const std::string& env_id);
  /// With the shims that what the interpreter can import needs.
  env::Effective WithShims(env::Effective effective,
                           const std::vector<std::string>& packages) const;
  std::optional<ReadyEnvironment> ReadyBuild(const env::EnvironmentSpec& spec);
  void PrepareFor(const json::Value& spec, Waiter waiter);
  void PrepareInterpreter(env::Effective effective, const std::string& env_id, Waiter waiter);
  void PrepareBuild(env::EnvironmentSpec spec, Waiter waiter, bool upgrade);

  void UpgradeAfter(const TaskPtr& task, env::EnvironmentSpec spec, Waiter waiter);
  static Told DecidedBy(const Task& task);
  std::string HashOf(const meta::EnvLock& lock) const;
  void Begin(const TaskPtr& task);
  void Realise(const TaskPtr& task);
  void OpenCredentials(const TaskPtr& task);
  void Choose(const TaskPtr& task);
  void Resolve(const TaskPtr& task);
  void KeepResolved(const TaskPtr& task, env::Resolved resolved);
  env::Progress Follow(const TaskPtr& task);
  void Locked(const TaskPtr& task);
  void Build(const TaskPtr& task);
  void Built(const std::string& build_id, const Result<env::BuildFacts>& facts);
  void StoreLock(const TaskPtr& task);
  void Finish(const TaskPtr& task);
  void Fail(const TaskPtr& task, const Error& error);
  void WaitForRoom(const TaskPtr& task, const Error& error);
  /// The task's runs show what they wait for.
  void Tell(const TaskPtr& task, const std::string& waits_for);
  void Step(const TaskPtr& task, std::string_view words);
  void Publish(const TaskPtr& task);
  void TellFollowers(const TaskPtr& task);
  void Log(const TaskPtr& task, std::string_view lines);
  void Answer(const TaskPtr& task, const Result<ReadyEnvironment>& result);
  void SaveInterpreters();
  void Touch(const std::string& env_id);

  ServerContext& context_;
  env::Installer& installer_;
  std::shared_ptr<SecretBox> secrets_;
  std::map<std::string, ReadyEnvironment> ready_;  // kind pip, by env_id
  std::map<std::string, TaskPtr> tasks_;           // by env_id
  std::map<std::string, std::vector<TaskPtr>>
      builds_;  // by build_id; the first one's log is the build's
  std::map<std::string, std::string> build_logs_;  // by build_id
  std::map<uint64_t, Waiter> finding_;             // runs that wait for an interpreter
  std::map<std::string, Told> decided_;            // by run: of those that failed
  std::map<std::string, int64_t> touched_us_;
  std::string saved_interpreters_;
  uint64_t next_finding_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Routes of named environments and of builds.
void RegisterEnvironmentRoutes(Router& router, ServerContext& context, EnvironmentService& service);
/// Builds without a run: made, examined.
void RegisterBuildRoutes(Router& router, ServerContext& context, EnvironmentService& service);

}  // namespace rw::server
