// Compute targets.
#include "base/strings.h"
#include "model/names.h"
#include "model/vm_sizes.h"
#include "os/paths.h"
#include "server/run_routes.h"
#include "server/run_validate.h"

namespace rw::server {
namespace {

constexpr int64_t kMostNodes = 10'000;
constexpr int64_t kLongestIdleSeconds = int64_t{30} * 86'400;

json::Value NodesToJson(const sched::TargetView& view) {
  json::Value nodes = json::Array();
  for (const sched::Node& node : view.nodes) {
    json::Value one = json::Object();
    one.Set("id", node.id).Set("state", sched::NodeStateName(node.state));
    nodes.Append(one.Set("run_id", node.run_id.empty() ? json::Value() : json::Value(node.run_id)));
  }
  return nodes;
}

void SetFacts(const TargetFacts& facts, json::Value& out) {
  out.Set("allocation_state", facts.resizing ? "Resizing" : "Steady");
  out.Set("state_time", FormatUtc(facts.state_us));
  bool local = facts.view.settings.kind == sched::TargetKind::kLocal;
  out.Set("current_node_count",
          local ? facts.view.settings.max_nodes : static_cast<int64_t>(facts.view.nodes.size()));
  out.Set("target_node_count", facts.target_nodes);
  out.Set("nodes", NodesToJson(facts.view));
}

json::Value ComputeToJson(RunService& service, const meta::ComputeRow& c) {
  auto facts = service.scheduler().FactsOf(c.row);
  json::Value out = json::Object();
  out.Set("name", c.name).Set("type", c.type).Set("vm_size", c.vm_size);
  out.Set("vm_priority", c.vm_priority).Set("min_nodes", c.min_nodes).Set("max_nodes", c.max_nodes);
  out.Set("idle_seconds_before_scaledown", c.idle_seconds).Set("description", c.description);
  out.Set("tags", c.tags.is_object() ? c.tags : json::Object());
  out.Set("env_root", c.env_root.empty() ? json::Value() : json::Value(c.env_root));
  out.Set("provisioning_state", "Succeeded");
  out.Set("created_time", FormatUtc(c.created_us)).Set("modified_time", FormatUtc(c.modified_us));
  json::Value warnings = json::Array();
  auto size = model::FindVmSize(c.vm_size);
  std::string missing =
      size ? model::MissingGpuWarning(*size, CountGpus(service.context().fs)) : "";
  if (!missing.empty()) {
    json::Value one = json::Object();
    warnings.Append(one.Set("source", "compute").Set("message", missing));
  }
  out.Set("warnings", std::move(warnings));
  if (facts) SetFacts(*facts, out);
  return out;
}

json::Value LocalToJson(RunService& service) {
  auto facts = service.scheduler().FactsOf(0);
  meta::ComputeRow local;
  local.name = "local";
  local.type = "Local";
  local.max_nodes = facts ? facts->view.settings.max_nodes : service.DefaultLocalNodes();
  local.min_nodes = local.max_nodes;
  local.idle_seconds = 0;
  local.description = "this machine; max_nodes runs at once";
  if (facts) local.created_us = local.modified_us = facts->state_us;
  return ComputeToJson(service, local);
}

Result<net::Response> List(RunService& service, Call& call) {
  ServerContext& context = service.context();
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  json::Value items = json::Array();
  items.Append(LocalToJson(service));
  for (const meta::ComputeRow& c : TRY(meta::AllComputes(context.read))) {
    if (c.workspace_id != call.Param("ws")) continue;
    items.Append(ComputeToJson(service, c));
  }
  json::Value out = json::Object();
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<net::Response> Get(RunService& service, Call& call) {
  ServerContext& context = service.context();
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  TargetRef target = TRY(FindTarget(context.read, call.Param("ws"), call.Param("name")));
  if (target.compute_row == 0) return net::JsonResponse(LocalToJson(service));
  auto c = TRY(meta::FindCompute(context.read, call.Param("ws"), call.Param("name")));
  return net::JsonResponse(ComputeToJson(service, *c));
}

Status ReadScale(const json::Value& body, meta::ComputeRow& c) {
  c.min_nodes = TRY(json::OptionalInt(body, "min_nodes", c.min_nodes, 0, kMostNodes));
  c.max_nodes = TRY(json::OptionalInt(body, "max_nodes", c.max_nodes, 0, kMostNodes));
  c.idle_seconds = TRY(json::OptionalInt(body, "idle_seconds_before_scaledown", c.idle_seconds, 0,
                                         kLongestIdleSeconds));
  if (c.min_nodes <= c.max_nodes) return Ok();
  return Error(Code::kInvalidArgument,
               "min_nodes is " + std::to_string(c.min_nodes) + ", more than max_nodes " +
                   std::to_string(c.max_nodes),
               "min_nodes");
}

/// "": the nodes use the server's builds.
Status ReadEnvRoot(const json::Value& body, meta::ComputeRow& c) {
  c.env_root = TRY(json::OptionalString(body, "env_root", c.env_root));
  while (c.env_root.size() > 1 && c.env_root.ends_with("/")) c.env_root.pop_back();
  if (c.env_root.empty()) return Ok();
  bool whole = c.env_root.size() > 1 && c.env_root.starts_with("/") &&
               os::CleanRelativePath(c.env_root.substr(1), "env_root") == c.env_root.substr(1);
  if (whole) return Ok();
  return Error(Code::kInvalidArgument,
               "env_root must be the absolute path of a folder on the nodes, not '" +
                   Utf8Lossy(c.env_root.substr(0, 200)) + "'",
               "env_root");
}

Result<meta::ComputeRow> ReadCompute(RunService& service, const Call& call,
                                     const json::Value& body) {
  ServerContext& context = service.context();
  std::string name = TRY(json::RequireString(body, "name"));
  TRY(model::CheckComputeName(name));
  meta::ComputeRow c;
  if (auto known = TRY(meta::FindCompute(context.read, call.Param("ws"), name))) c = *known;
  c.workspace_id = call.Param("ws");
  c.name = name;
  c.type = "AmlCompute";
  std::string size = TRY(json::OptionalString(body, "vm_size", c.vm_size));
  if (size.empty()) {
    return Error(
        Code::kInvalidArgument,
        "vm_size is missing; for example STANDARD_D2_V2. `GET /api/v1/vm-sizes` lists all.",
        "vm_size");
  }
  c.vm_size = std::string(TRY(model::FindVmSize(size)).name);
  c.vm_priority = TRY(json::OptionalString(body, "vm_priority", c.vm_priority));
  c.description = TRY(json::OptionalString(body, "description", c.description));
  if (body["tags"].is_object()) c.tags = body["tags"];
  if (c.tags.is_null()) c.tags = json::Object();
  TRY(ReadScale(body, c));
  TRY(ReadEnvRoot(body, c));
  return c;
}

void Save(RunService& service, const CallPtr& call, meta::ComputeRow compute, int status) {
  ServerContext& context = service.context();
  auto saved = std::make_shared<meta::ComputeRow>(std::move(compute));
  saved->modified_us = context.NowMicros();
  if (saved->row == 0) saved->created_us = saved->modified_us;
  context.writer.Submit(
      "compute.save",
      [saved](db::Connection& db) -> Status {
        if (saved->row == 0) {  // made meanwhile by another request?
          auto known = TRY(meta::FindCompute(db, saved->workspace_id, saved->name));
          if (known) saved->row = known->row;
        }
        return meta::SaveCompute(db, *saved);
      },
      [&service, saved, call, status](Status stored) {
        if (!stored) return call->Fail(stored.error());
        service.SetTarget(*saved);
        call->Json(ComputeToJson(service, *saved), status);
      });
}

Status OwnerOnly(const Call& call) {
  if (call.principal.is_owner()) return Ok();
  return Error(Code::kPermissionDenied, "only the owner's token may change compute targets");
}

void Create(RunService& service, const CallPtr& call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  Status may = OwnerOnly(*call);
  if (may && body->StringOr("name") == "local") {
    may = Error(Code::kInvalidArgument, "'local' is this machine; choose another name", "name");
  }
  if (may) may = service.context().auth.MayReadWorkspace(call->principal, call->Param("ws"));
  if (!may) return call->Fail(may.error());
  auto compute = ReadCompute(service, *call, *body);
  if (!compute) return call->Fail(compute.error());
  int status = compute->row == 0 ? 201 : 200;
  Save(service, call, *std::move(compute), status);
}

void UpdateLocal(RunService& service, const CallPtr& call, const json::Value& body) {
  auto facts = service.scheduler().FactsOf(0);
  int64_t now_max = facts ? facts->view.settings.max_nodes : service.DefaultLocalNodes();
  auto max_nodes = json::OptionalInt(body, "max_nodes", now_max, 1, kMostNodes);
  if (!max_nodes) return call->Fail(max_nodes.error());
  service.context().writer.Submit(
      "compute.local",
      [max = *max_nodes](db::Connection& db) { return meta::SetLocalMaxNodes(db, max); },
      [&service, call, max = *max_nodes](Status stored) {
        if (!stored) return call->Fail(stored.error());
        service.scheduler().SetTarget(0, service.LocalSettings(max));
        call->Json(LocalToJson(service));
      });
}

void Update(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  Status may = OwnerOnly(*call);
  if (!may) return call->Fail(may.error());
  auto target = FindTarget(context.read, call->Param("ws"), call->Param("name"));
  if (!target) return call->Fail(target.error());
  if (target->compute_row == 0) return UpdateLocal(service, call, *body);
  auto compute = meta::FindCompute(context.read, call->Param("ws"), call->Param("name"));
  if (!compute) return call->Fail(compute.error());
  Status changed = ReadScale(*body, **compute);
  if (changed) changed = ReadEnvRoot(*body, **compute);
  if (!changed) return call->Fail(changed.error());
  Save(service, call, **std::move(compute), 200);
}

void Delete(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  Status may = OwnerOnly(*call);
  if (!may) return call->Fail(may.error());
  std::string name = call->Param("name");
  auto target = FindTarget(context.read, call->Param("ws"), name);
  if (!target) return call->Fail(target.error());
  int64_t row = target->compute_row;
  if (row == 0) {
    return call->Fail(
        Error(Code::kConflict, "'local' is this machine; it cannot be deleted", "name"));
  }
  CommitAndAnswer(
      context, "compute.delete", call,
      [row, name](db::Connection& db) -> Result<net::Response> {
        auto runs = TRY(meta::RunsUsing(db, row));
        if (!runs.empty()) {
          return Error(Code::kConflict,
                       "compute target '" + name + "' is in use by " + std::to_string(runs.size()) +
                           " run(s), such as " + runs[0] + "; cancel them or wait for their end",
                       "name");
        }
        TRY(meta::DeleteCompute(db, row));
        return net::JsonResponse(json::Object());
      },
      [&service, row] { service.scheduler().RemoveTarget(row); });
}

Result<net::Response> VmSizes() {
  json::Value items = json::Array();
  for (const model::VmSize& size : model::AllVmSizes()) {
    json::Value one = json::Object();
    one.Set("name", size.name).Set("vcpus", size.vcpus).Set("memory_gib", size.memory_gib);
    one.Set("gpus", size.gpus);
    if (!size.gpu_model.empty()) one.Set("gpu_model", size.gpu_model);
    items.Append(std::move(one));
  }
  json::Value out = json::Object();
  return net::JsonResponse(out.Set("items", std::move(items)));
}

}  // namespace

void RegisterComputeRoutes(Router& router, RunService& service) {
  const std::string all = "/api/v1/workspaces/{ws}/computes", one = all + "/{name}";
  router.AddSync("GET", all, [&service](Call& call) { return List(service, call); });
  router.Add("POST", all, [&service](const CallPtr& call) { Create(service, call); });
  router.AddSync("GET", one, [&service](Call& call) { return Get(service, call); });
  router.Add("PATCH", one, [&service](const CallPtr& call) { Update(service, call); });
  router.Add("DELETE", one, [&service](const CallPtr& call) { Delete(service, call); });
  router.AddSync("GET", "/api/v1/vm-sizes", [](Call&) { return VmSizes(); });
}

}  // namespace rw::server
