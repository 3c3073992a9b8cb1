#include "meta/run_ref.h"
#include "meta/workspaces.h"
#include "server/content.h"
#include "server/model_files.h"
#include "server/model_request.h"
#include "server/routes.h"

namespace rw::server {
namespace {

Result<int64_t> RequireVersion(const Call& call) {
  TRY(call.RequireQuery("version"));
  return call.QueryInt("version", 0, 1, INT64_MAX);
}

Result<net::Response> ListModels(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  meta::ModelFilter filter;
  int64_t limit = TRY(call.QueryInt("limit", 100, 1, 1000));
  filter.name = call.request.Query("name").value_or("");
  filter.run_id = call.request.Query("run").value_or("");
  filter.tags = call.request.QueryAll("tag");
  filter.latest = TRY(call.QueryBool("latest", false));
  filter.before_row = TRY(call.QueryInt("cursor", INT64_MAX, 0, INT64_MAX));
  filter.limit = limit + 1;
  auto found = TRY(meta::ModelRepository(context.read).List(call.Param("ws"), filter));
  json::Value out;
  if (static_cast<int64_t>(found.size()) > limit) {
    found.pop_back();
    out.Set("next_cursor", std::to_string(found.back().row));
  }
  json::Array items;
  for (const auto& model : found) items.push_back(meta::ToJson(model));
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<net::Response> GetModel(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  std::optional<int64_t> version;
  if (call.request.Query("version")) version = TRY(RequireVersion(call));
  auto model =
      TRY(meta::ModelRepository(context.read).Get(call.Param("ws"), call.Param("name"), version));
  return net::JsonResponse(meta::ToJson(model));
}

/// The run's files that could be meant, so that an error can list them.
net::Response NoSuchFiles(const std::string& run, const std::string& model_path,
                          const std::vector<meta::Artifact>& files) {
  Error error(Code::kNotFound,
              "run " + run + " has no file or folder '" + model_path +
                  "'; wait until it is uploaded, or name one of its files",
              "model_path");
  json::Array names;
  for (const auto& file : files)
    if (!file.live()) names.push_back(file.name);
  return ErrorWith(error, "files", std::move(names));
}

Result<net::Response> InsertModel(db::Connection& db, ModelRequest request) {
  meta::Model& model = request.model;
  TRY(meta::WorkspaceRepository(db).Get(model.workspace_id));
  if (!model.run_id.empty()) {
    auto run = TRY(meta::FindRunRef(db, model.run_id));
    if (run.workspace_id != model.workspace_id)
      return Error(Code::kInvalidArgument, "run " + run.id + " is in another workspace", "run_id");
    model.experiment = run.experiment;
    model.snapshot_id = run.snapshot_id;
    model.env_id = run.env_id;
    if (!request.model_path.empty()) {
      auto files = TRY(meta::ArtifactRepository(db).List(run.row, ""));
      model.files = TRY(SelectModelFiles(files, request.model_path));
      if (model.files.empty()) return NoSuchFiles(run.id, request.model_path, files);
    }
  }
  TRY(meta::ModelRepository(db).Insert(&model));
  return net::JsonResponse(meta::ToJson(model), 201);
}

/// Every listed blob is here and has the size that is said.
Status CheckFiles(ServerContext& context, std::vector<meta::ModelFile>* files) {
  for (size_t i = 0; i < files->size(); i++) {
    meta::ModelFile& file = (*files)[i];
    std::string field = "files[" + std::to_string(i) + "]";
    auto size = context.blobs.Size(TRY(ParseDigest(file.digest, field + ".digest")));
    if (!size && size.error().code() == Code::kNotFound)
      return Error(Code::kFailedPrecondition,
                   "the blob of '" + file.path + "' is not here; upload it and repeat",
                   field + ".digest");
    if (!size) return size.error();
    if (file.size >= 0 && file.size != static_cast<int64_t>(*size))
      return Error(Code::kInvalidArgument,
                   "'" + file.path + "' has " + std::to_string(*size) + " bytes", field + ".size");
    file.size = static_cast<int64_t>(*size);
  }
  return Ok();
}

Result<ModelRequest> RequestOf(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  auto request = TRY(ParseModelRequest(TRY(call.JsonBody())));
  if (!call.principal.is_owner() && request.model.run_id.empty())
    return Error(Code::kPermissionDenied, "a run registers models with its own run_id", "run_id");
  if (!request.model.run_id.empty())
    TRY(context.auth.MayWriteRun(call.principal, request.model.run_id));
  request.model.workspace_id = call.Param("ws");
  request.model.created_us = context.NowMicros();
  return request;
}

void RegisterModel(ServerContext& context, const CallPtr& call) {
  auto parsed = RequestOf(context, *call);
  if (!parsed) return call->Fail(parsed.error());
  auto request = std::make_shared<ModelRequest>(*std::move(parsed));
  auto checked = std::make_shared<Status>();
  context.pool.Run(
      "model.check",
      [&context, request, checked] { *checked = CheckFiles(context, &request->model.files); },
      [&context, request, checked, call] {
        if (!*checked) return call->Fail(checked->error());
        CommitAndAnswer(context, "model.register", call,
                        [request](db::Connection& db) { return InsertModel(db, *request); });
      });
}

void UpdateModel(ServerContext& context, const CallPtr& call) {
  auto version = RequireVersion(*call);
  if (!version) return call->Fail(version.error());
  auto patch = call->JsonBody();
  if (!patch) return call->Fail(patch.error());
  CommitAndAnswer(context, "model.update", call,
                  [ws = call->Param("ws"), name = call->Param("name"), version = *version,
                   patch = *patch](db::Connection& db) -> Result<net::Response> {
                    meta::ModelRepository models(db);
                    auto model = TRY(models.Get(ws, name, version));
                    TRY(ApplyModelPatch(patch, &model));
                    TRY(models.Update(model));
                    return net::JsonResponse(meta::ToJson(model));
                  });
}

void DeleteModel(ServerContext& context, const CallPtr& call) {
  auto version = RequireVersion(*call);
  if (!version) return call->Fail(version.error());
  CommitAndAnswer(context, "model.delete", call,
                  [ws = call->Param("ws"), name = call->Param("name"), version = *version,
                   now = context.NowMicros()](db::Connection& db) -> Result<net::Response> {
                    meta::ModelRepository models(db);
                    auto model = TRY(models.Get(ws, name, version));
                    TRY(models.Delete(model.row, now));
                    return net::JsonResponse(meta::ToJson(model));
                  });
}

Result<meta::ModelFile> FindFile(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  std::string path = TRY(call.RequireQuery("path"));
  auto model = TRY(meta::ModelRepository(context.read)
                       .Get(call.Param("ws"), call.Param("name"), TRY(RequireVersion(call))));
  for (const auto& file : model.files)
    if (file.path == path) return file;
  return Error(
      Code::kNotFound,
      "model " + model.name + ":" + std::to_string(model.version) + " has no file '" + path + "'",
      "path");
}

void GetModelFile(ServerContext& context, const CallPtr& call) {
  auto file = FindFile(context, *call);
  if (!file) return call->Fail(file.error());
  auto digest = ParseDigest(file->digest, "digest");
  if (!digest) return call->Fail(digest.error());
  AnswerBlob(context, call, *digest, file->path);
}

}  // namespace

void RegisterModelRoutes(Router& router, ServerContext& context) {
  const std::string all = "/api/v1/workspaces/{ws}/models";
  const std::string one = all + "/{name}";
  router.AddSync("GET", all, [&](Call& call) { return ListModels(context, call); });
  router.Add("POST", all, [&](const CallPtr& call) { RegisterModel(context, call); });
  router.AddSync("GET", one, [&](Call& call) { return GetModel(context, call); });
  router.Add(
      "PATCH", one, [&](const CallPtr& call) { UpdateModel(context, call); }, Access::kOwner);
  router.Add(
      "DELETE", one, [&](const CallPtr& call) { DeleteModel(context, call); }, Access::kOwner);
  router.Add("GET", one + "/content", [&](const CallPtr& call) { GetModelFile(context, call); });
}

}  // namespace rw::server
