// What an environment comes to on this machine, before it is made: profiles and credentials.
#include "base/log.h"
#include "base/strings.h"
#include "meta/secrets.h"
#include "server/environment_service.h"
#include "server/environment_text.h"
#include "server/run_validate.h"
#include "server/secret_box.h"

namespace rw::server {
namespace {
struct Sealed {
  std::string url;
  std::string user;   // goes before the text where it is a password alone
  std::string about;  // where it is bound to
  std::string name;
  std::string sealed;
};

Error NoSecret(const std::string& name, const std::string& field) {
  return Error(Code::kFailedPrecondition,
               "the workspace has no secret '" + name + "', which " + field +
                   " names; `runwright secret set " + name + "` makes it",
               field);
}

/// Of the run where none is given; "" where there is no run.
Result<std::string> WorkspaceOf(ServerContext& context, const RunId& run,
                                const std::string& given) {
  if (!given.empty() || run.str().empty()) return given;
  auto query = TRY(context.read.Prepare("SELECT workspace_id FROM runs WHERE id=?"));
  query.Bind(run.str());
  return TRY(query.Step()) ? query.Text(0) : std::string();
}

/// What the spec names, of a workspace.
Result<std::vector<Sealed>> SealedOf(ServerContext& context, const env::EnvironmentSpec& spec,
                                     const RunId& run, const std::string& given) {
  std::vector<Sealed> out;
  for (const env::CredentialRef& one : spec.credentials)
    out.push_back({one.url, "", "", one.secret, ""});
  if (!spec.image.registry_secret.empty())
    out.push_back({spec.image.registry_address, spec.image.registry_username, "",
                   spec.image.registry_secret, ""});
  if (out.empty()) return out;
  std::string workspace = TRY(WorkspaceOf(context, run, given));
  if (workspace.empty())
    return Error(Code::kFailedPrecondition,
                 "this environment needs secrets of a workspace, and none was named: give "
                 "`workspace` (the command line takes that of config.json), or submit a run",
                 "environment.credentials");
  for (Sealed& one : out) {
    auto found = TRY(meta::SecretRepository(context.read).Find(workspace, one.name));
    if (!found) return NoSecret(one.name, "environment.credentials");
    one.about = SecretPlace(workspace, found->info.name);
    one.sealed = found->sealed;
  }
  return out;
}

Result<std::vector<env::Credential>> Open(SecretBox& box, const std::vector<Sealed>& sealed) {
  std::vector<env::Credential> out;
  for (const Sealed& one : sealed) {
    auto text = box.Open(one.about, one.sealed);
    if (!text) return std::move(text).error().WithContext("secret '" + one.name + "'");
    std::string whole(Trim(*text));
    if (!one.user.empty()) whole.insert(0, one.user + ":");
    out.push_back({one.url, std::move(whole)});
  }
  return out;
}
}  // namespace

const env::Profiles& EnvironmentService::profiles() const {
  static const env::Profiles kNone;
  return context_.options.profiles ? *context_.options.profiles : kNone;
}

std::optional<env::Effective> EnvironmentService::RealiseInterpreter(
    const env::EnvironmentSpec& spec) {
  if (spec.kind != env::EnvironmentSpec::Kind::kInterpreter) return std::nullopt;
  env::NodeFacts facts;
  if (!spec.framework.name.empty()) facts.gpus = CountGpus(context_.fs);
  // What is refused is told by the task that a build has.
  auto effective = env::Realise(spec, profiles(), facts);
  if (!effective || env::NeedsBuild(effective->spec)) return std::nullopt;
  return *std::move(effective);
}

void EnvironmentService::Realise(const TaskPtr& task) {
  installer_.Facts(env::WantedFacts(task->spec, profiles()),
                   [this, task, alive = std::weak_ptr<bool>(alive_)](Result<env::NodeFacts> facts) {
                     if (alive.expired()) return;
                     if (!facts) return Fail(task, facts.error());
                     auto effective = env::Realise(task->spec, profiles(), *facts);
                     if (!effective) return Fail(task, InRequest(effective.error()));
                     task->effective = *std::move(effective);
                     task->spec = task->effective.spec;
                     OpenCredentials(task);
                   });
}

void EnvironmentService::OpenCredentials(const TaskPtr& task) {
  // Who asked first; a run that waits with others may be forgotten by now.
  Waiter none;
  const Waiter& first = task->waiters.empty() ? none : task->waiters.front();
  auto sealed = SealedOf(context_, task->spec, first.run, first.workspace);
  if (!sealed) return Fail(task, sealed.error());
  if (sealed->empty()) return Choose(task);
  auto opened = std::make_shared<Result<std::vector<env::Credential>>>();
  context_.pool.Run(
      "env.credentials",
      [opened, box = secrets_, sealed = *std::move(sealed)] { *opened = Open(*box, sealed); },
      [this, task, opened, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        if (!*opened) return Fail(task, opened->error());
        task->credentials = std::move(**opened);
        env::Image& image = task->spec.image;
        for (const env::Credential& one : task->credentials)
          if (!image.registry_secret.empty() && one.url == image.registry_address)
            image.login = one.text;
        Choose(task);
      });
}

void EnvironmentService::KeepResolved(const TaskPtr& task, env::Resolved resolved) {
  meta::EnvLock& row = task->row;
  row.lock = std::move(resolved.lock);
  row.warnings = task->effective.warnings;
  row.warnings.insert(row.warnings.end(), std::make_move_iterator(resolved.warnings.begin()),
                      std::make_move_iterator(resolved.warnings.end()));
  for (const std::string& warning : row.warnings) Log(task, warning + "\n");
  std::vector<std::string> shims = task->effective.shims;
  shims.insert(shims.end(), resolved.shims.begin(), resolved.shims.end());
  row.locked_us = context_.NowMicros();
  row.profile_hash = HashOf(row);
  row.shims = env::ShimsFor(task->spec, profiles(), env::PackagesOf(*row.lock), std::move(shims));
}

}  // namespace rw::server
