// Builds made and looked after without a run.
#include "env/build_manifest.h"
#include "keep/inspect_builds.h"
#include "meta/workspaces.h"
#include "server/environment_service.h"
#include "server/environment_text.h"
#include "server/routes.h"

namespace rw::server {
namespace {

json::Value ReadyJson(const ReadyEnvironment& ready) {
  json::Value out;
  out.Set("env_id", ready.env_id).Set("state", "Ready").Set("interpreter", ready.interpreter);
  out.Set("build_id", ready.build_id.empty() ? json::Value() : json::Value(ready.build_id));
  out.Set("python", ready.python.empty() ? json::Value() : json::Value(ready.python));
  json::Array warnings;
  for (const EnvironmentWarning& warning : ready.warnings)
    warnings.push_back(json::Value().Set("source", warning.source).Set("message", warning.message));
  return out.Set("warnings", std::move(warnings));
}

Result<EnvironmentService::MakeOptions> ReadOptions(ServerContext& context, const Call& call,
                                                    const json::Value& body) {
  EnvironmentService::MakeOptions out;
  out.upgrade = TRY(json::OptionalBool(body, "upgrade", false));
  out.workspace = TRY(json::OptionalString(body, "workspace"));
  if (out.workspace.empty()) return out;
  TRY(context.auth.MayReadWorkspace(call.principal, out.workspace));
  TRY(meta::WorkspaceRepository(context.read).Get(out.workspace));
  return out;
}

/// 200 where it is ready, or was at once; 202 where it is being made, which then goes on whether
/// anybody asks or not.
void StartBuild(ServerContext& context, EnvironmentService& service, const CallPtr& call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  auto options = ReadOptions(context, *call, *body);
  if (!options) return call->Fail(options.error());
  const json::Value& spec = (*body)["spec"];
  auto env_id = service.Check(spec);
  if (!env_id) return call->Fail(env_id.error());
  auto answered = std::make_shared<bool>(false);
  service.Make(spec, *options, [call, answered](const Result<ReadyEnvironment>& ready) {
    if (std::exchange(*answered, true)) return;
    if (!ready) return call->Fail(ready.error());
    call->Json(ReadyJson(*ready));
  });
  for (const auto& at_work : service.Working()) {
    if (at_work.lock.env_id != *env_id || std::exchange(*answered, true)) continue;
    call->Json(BuildJson(at_work.lock, at_work.state), 202);
  }
}

struct Examination {
  keep::BuildsView view;
  std::vector<keep::Finding> findings;
};

net::Response Findings(const std::vector<keep::Finding>& findings) {
  json::Array items;
  bool healthy = true;
  for (const keep::Finding& finding : findings) {
    json::Value one;
    one.Set("health", keep::HealthName(finding.health)).Set("subject", finding.subject);
    one.Set("text", finding.text);
    if (!finding.fix.empty()) one.Set("fix", finding.fix);
    items.push_back(std::move(one));
    healthy = healthy && finding.health != keep::Health::kError;
  }
  json::Value out;
  return net::JsonResponse(out.Set("healthy", healthy).Set("findings", std::move(items)));
}

void Examine(ServerContext& context, EnvironmentService& service, const CallPtr& call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  auto deep = json::OptionalBool(*body, "deep", false);
  if (!deep) return call->Fail(deep.error());
  auto work = std::make_shared<Examination>();
  work->view.folder = service.BuildsFolder();
  work->view.deep = *deep;
  work->view.at_work = !service.Working().empty();
  work->view.changed = [&fs = context.fs](const std::string& build) {
    auto changed = env::ChangedFiles(fs, build);
    return changed ? *std::move(changed) : std::vector<std::string>();
  };
  work->view.now_us = context.NowMicros();
  if (context.options.host_facts)
    work->view.disk_free_bytes = context.options.host_facts().disk_free_bytes;
  ReadAside(
      context, "env.examine",
      [work, &fs = context.fs](db::Connection& db) -> Status {
        work->findings = TRY(keep::InspectBuilds(db, fs, work->view));
        return Ok();
      },
      [work, call](const Status& status) {
        if (!status) return call->Fail(status.error());
        call->Answer(Findings(work->findings));
      });
}

}  // namespace

void RegisterBuildRoutes(Router& router, ServerContext& context, EnvironmentService& service) {
  router.Add("POST", "/api/v1/builds",
             [&](const CallPtr& call) { StartBuild(context, service, call); });
  router.Add(
      "POST", "/api/v1/builds/examination",
      [&](const CallPtr& call) { Examine(context, service, call); }, Access::kOwner);
}

}  // namespace rw::server
