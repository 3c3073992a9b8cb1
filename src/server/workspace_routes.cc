#include "meta/deletion.h"
#include "meta/workspaces.h"
#include "model/names.h"
#include "server/routes.h"

namespace rw::server {
namespace {

Result<meta::Workspace> NewWorkspace(ServerContext& context, const json::Value& body) {
  meta::Workspace workspace;
  workspace.name = TRY(json::RequireString(body, "name"));
  TRY(model::CheckWorkspaceName(workspace.name));
  workspace.subscription_id = TRY(json::OptionalString(body, "subscription_id"));
  if (workspace.subscription_id.empty()) workspace.subscription_id = context.random.Guid();
  workspace.resource_group = TRY(json::OptionalString(body, "resource_group"));
  if (workspace.resource_group.empty()) workspace.resource_group = "runwright";
  workspace.location = TRY(json::OptionalString(body, "location", "local"));
  workspace.id = context.random.Guid();
  workspace.created_us = context.NowMicros();
  return workspace;
}

Result<net::Response> PutWorkspace(db::Connection& db, const meta::Workspace& workspace,
                                   bool exist_ok) {
  meta::WorkspaceRepository workspaces(db);
  auto present =
      TRY(workspaces.Find(workspace.subscription_id, workspace.resource_group, workspace.name));
  if (present && exist_ok) return net::JsonResponse(meta::ToJson(*present));
  if (present)
    return Error(Code::kConflict,
                 "a workspace '" + workspace.name + "' exists in resource group '" +
                     workspace.resource_group + "'; use exist_ok or another name",
                 "name");
  TRY(workspaces.Insert(workspace));
  return net::JsonResponse(meta::ToJson(workspace), 201);
}

void CreateWorkspace(ServerContext& context, const CallPtr& call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  auto workspace = NewWorkspace(context, *body);
  if (!workspace) return call->Fail(workspace.error());
  auto exist_ok = json::OptionalBool(*body, "exist_ok", false);
  if (!exist_ok) return call->Fail(exist_ok.error());
  CommitAndAnswer(context, "workspace.create", call,
                  [workspace = *workspace, exist_ok = *exist_ok](db::Connection& db) {
                    return PutWorkspace(db, workspace, exist_ok);
                  });
}

Result<net::Response> ListWorkspaces(ServerContext& context, const Call& call) {
  meta::WorkspaceRepository workspaces(context.read);
  const net::Request& request = call.request;
  auto found = TRY(workspaces.List(request.Query("name").value_or(""),
                                   request.Query("subscription_id").value_or(""),
                                   request.Query("resource_group").value_or("")));
  json::Array items;
  for (const auto& workspace : found)
    if (context.auth.MayReadWorkspace(call.principal, workspace.id))
      items.push_back(meta::ToJson(workspace));
  json::Value out;
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<net::Response> GetWorkspace(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  auto workspace = TRY(meta::WorkspaceRepository(context.read).Get(call.Param("ws")));
  return net::JsonResponse(meta::ToJson(workspace));
}

Result<net::Response> ListExperiments(ServerContext& context, const Call& call) {
  const std::string& ws = call.Param("ws");
  TRY(context.auth.MayReadWorkspace(call.principal, ws));
  TRY(meta::WorkspaceRepository(context.read).Get(ws));
  int64_t limit = TRY(call.QueryInt("limit", 100, 1, 1000));
  int64_t after = TRY(call.QueryInt("cursor", 0, 0, INT64_MAX));
  auto view = TRY(meta::ParseListView(call.request.Query("view").value_or("")));
  auto found = TRY(meta::ExperimentRepository(context.read).List(ws, after, limit + 1, view));
  json::Value out;
  if (static_cast<int64_t>(found.size()) > limit) {
    found.pop_back();
    out.Set("next_cursor", std::to_string(found.back().row));
  }
  json::Array items;
  for (const auto& experiment : found) items.push_back(meta::ToJson(experiment));
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<net::Response> GetExperiment(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  auto experiment =
      TRY(meta::ExperimentRepository(context.read).Get(call.Param("ws"), call.Param("name")));
  return net::JsonResponse(meta::ToJson(experiment));
}

Result<net::Response> PutExperiment(db::Connection& db, meta::Experiment experiment) {
  TRY(meta::WorkspaceRepository(db).Get(experiment.workspace_id));
  meta::ExperimentRepository experiments(db);
  auto present = TRY(experiments.Find(experiment.workspace_id, experiment.name));
  if (present && present->archived_us == 0 && present->deleted_us == 0)
    return net::JsonResponse(meta::ToJson(*present));
  if (present) {
    TRY(meta::ReviveExperiment(db, present->id));
    return net::JsonResponse(
        meta::ToJson(TRY(experiments.Get(experiment.workspace_id, experiment.name))));
  }
  TRY(experiments.Insert(&experiment));
  return net::JsonResponse(meta::ToJson(experiment), 201);
}

Result<meta::Experiment> NewExperiment(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  auto body = TRY(call.JsonBody());
  meta::Experiment experiment;
  experiment.name = TRY(json::RequireString(body, "name"));
  TRY(model::CheckExperimentName(experiment.name));
  experiment.id = context.random.Guid();
  experiment.workspace_id = call.Param("ws");
  experiment.created_us = context.NowMicros();
  return experiment;
}

void CreateExperiment(ServerContext& context, const CallPtr& call) {
  auto experiment = NewExperiment(context, *call);
  if (!experiment) return call->Fail(experiment.error());
  CommitAndAnswer(
      context, "experiment.create", call,
      [experiment = *experiment](db::Connection& db) { return PutExperiment(db, experiment); });
}

}  // namespace

void RegisterWorkspaceRoutes(Router& router, ServerContext& context) {
  const std::string one = "/api/v1/workspaces/{ws}";
  router.AddSync("GET", "/api/v1/workspaces",
                 [&](Call& call) { return ListWorkspaces(context, call); });
  router.Add(
      "POST", "/api/v1/workspaces", [&](const CallPtr& call) { CreateWorkspace(context, call); },
      Access::kOwner);
  router.AddSync("GET", one, [&](Call& call) { return GetWorkspace(context, call); });
  router.AddSync("GET", one + "/experiments",
                 [&](Call& call) { return ListExperiments(context, call); });
  router.Add("POST", one + "/experiments",
             [&](const CallPtr& call) { CreateExperiment(context, call); });
  router.AddSync("GET", one + "/experiments/{name}",
                 [&](Call& call) { return GetExperiment(context, call); });
}

}  // namespace rw::server
