#include "server/run_routes.h"

#include "meta/run_params.h"
#include "model/run_params.h"

namespace rw::server {
namespace {

Result<net::Response> Get(RunService& service, Call& call) {
  ServerContext& context = service.context();
  TRY(context.auth.MayReadRun(call.principal, call.Param("run")));
  auto run = TRY(meta::LoadRun(context.read, call.Param("run")));
  json::Value out = TRY(meta::RunToJson(context.read, run, context.options.url));
  service.FillWaiting(run, out);
  return net::JsonResponse(out);
}

struct Patch {
  std::optional<std::string> display_name;
  std::map<std::string, std::optional<std::string>> tags;
  std::vector<std::string> remove_tags;
  std::map<std::string, std::string> properties;
  std::map<std::string, std::string> params;
};

Result<Patch> ReadPatch(const Call& call) {
  json::Value body = TRY(call.JsonBody());
  Patch patch;
  if (!body["display_name"].is_null()) {
    patch.display_name = TRY(json::RequireString(body, "display_name"));
  }
  if (!body["tags"].is_null() && !body["tags"].is_object()) {
    return Error(Code::kInvalidArgument, "tags must be an object", "tags");
  }
  if (body["tags"].is_object()) {
    for (const auto& [key, value] : body["tags"].as_object()) {
      if (!value.is_null() && !value.is_string()) {
        return Error(Code::kInvalidArgument, "tag '" + key + "' must be a string or null", "tags");
      }
      patch.tags[key] = value.is_null() ? std::nullopt : std::optional(value.as_string());
    }
  }
  patch.remove_tags = TRY(json::OptionalStringList(body, "remove_tags"));
  patch.properties = TRY(json::OptionalStringMap(body, "properties"));
  patch.params = TRY(model::ReadParams(body));
  return patch;
}

Result<net::Response> ApplyPatch(db::Connection& db, const std::string& run_id, const Patch& patch,
                                 const std::string& portal) {
  auto run = TRY(meta::LoadRun(db, run_id));
  for (const auto& [key, value] : patch.tags) TRY(meta::SetTag(db, run.row, key, value));
  for (const std::string& key : patch.remove_tags) TRY(meta::RemoveTag(db, run.row, key));
  for (const auto& [key, value] : patch.properties) {
    TRY(meta::AddProperty(db, run.row, key, value));
  }
  TRY(meta::SetParams(db, run.row, patch.params));
  if (patch.display_name) {
    run.display_name = *patch.display_name;
    TRY(meta::SaveRun(db, run));
  }
  return net::JsonResponse(TRY(meta::RunToJson(db, run, portal)));
}

void Update(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  std::string run_id = call->Param("run");
  Status may = context.auth.MayWriteRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  auto patch = ReadPatch(*call);
  if (!patch) return call->Fail(patch.error());
  CommitAndAnswer(
      context, "run.patch", call,
      [run_id, patch = *patch, portal = context.options.url](db::Connection& db) {
        return ApplyPatch(db, run_id, patch, portal);
      },
      [&context, run_id] {
        context.events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
      });
}

Result<std::pair<std::string, std::string>> ReadWarning(const Call& call) {
  json::Value body = TRY(call.JsonBody());
  constexpr size_t kLongest = 4096;
  std::string source = TRY(json::RequireString(body, "source"));
  std::string message = TRY(json::RequireString(body, "message"));
  if (source.size() > 64 || message.size() > kLongest)
    return Error(Code::kTooLarge, "a warning has at most 4,096 bytes, its source 64", "message");
  return std::make_pair(std::move(source), std::move(message));
}

void Warn(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  const std::string& run_id = call->Param("run");
  Status may = context.auth.MayWriteRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  auto warning = ReadWarning(*call);
  if (!warning) return call->Fail(warning.error());
  CommitAndAnswer(context, "run.warn", call,
                  [run_id, warning = *warning](db::Connection& db) -> Result<net::Response> {
                    auto run = TRY(meta::LoadRun(db, run_id));
                    TRY(meta::AddWarning(db, run.row, warning.first, warning.second));
                    return net::JsonResponse(json::Object());
                  });
}

}  // namespace

void RegisterRunRoutes(Router& router, RunService& service) {
  router.Add("POST", "/api/v1/workspaces/{ws}/runs",
             [&service](CallPtr call) { service.Submit(std::move(call)); });
  router.AddSync("GET", "/api/v1/runs/{run}",
                 [&service](Call& call) { return Get(service, call); });
  router.Add("PATCH", "/api/v1/runs/{run}",
             [&service](const CallPtr& call) { Update(service, call); });
  router.Add("POST", "/api/v1/runs/{run}/warnings",
             [&service](const CallPtr& call) { Warn(service, call); });
  router.AddSync("POST", "/api/v1/runs/{run}/heartbeat",
                 [&service](Call& call) { return service.interactive().Heartbeat(call); });
  router.Add("POST", "/api/v1/runs/{run}/cancel",
             [&service](CallPtr call) { service.Cancel(std::move(call)); });
  router.Add("POST", "/api/v1/runs/{run}/end",
             [&service](CallPtr call) { service.End(std::move(call)); });
}

void RegisterAllocationRoutes(Router& router, RunService& service) {
  const std::string base = "/api/v1/allocations/{id}/";
  router.Add(
      "POST", base + "claim", [&service](CallPtr call) { service.Claim(std::move(call)); },
      Access::kPublic);
  router.Add("POST", base + "started",
             [&service](CallPtr call) { service.Started(std::move(call)); });
  router.Add("POST", base + "heartbeat",
             [&service](CallPtr call) { service.Heartbeat(std::move(call)); });
  router.Add("POST", base + "exited",
             [&service](CallPtr call) { service.Exited(std::move(call)); });
  router.Add("POST", base + "finished",
             [&service](CallPtr call) { service.Finished(std::move(call)); });
  router.Add("POST", base + "failed",
             [&service](CallPtr call) { service.Failed(std::move(call)); });
}

}  // namespace rw::server
