#include "client/api.h"

namespace rw::client {

Result<json::Array> Api::ListComputes(const std::string& ws) {
  return List(ApiPath({"workspaces", ws, "computes"}));
}

Result<json::Value> Api::Compute(const std::string& ws, const std::string& name) {
  return Get(ApiPath({"workspaces", ws, "computes", name}));
}

Result<json::Value> Api::CreateCompute(const std::string& ws, const json::Value& compute) {
  return Post(ApiPath({"workspaces", ws, "computes"}), compute);
}

Result<json::Value> Api::UpdateCompute(const std::string& ws, const std::string& name,
                                       const json::Value& change) {
  return Call("PATCH", ApiPath({"workspaces", ws, "computes", name}), {}, &change);
}

Status Api::DeleteCompute(const std::string& ws, const std::string& name) {
  TRY(Call("DELETE", ApiPath({"workspaces", ws, "computes", name})));
  return Ok();
}

Result<json::Array> Api::ListModels(const std::string& ws, Query query) {
  return List(ApiPath({"workspaces", ws, "models"}), std::move(query));
}

Result<json::Value> Api::Model(const std::string& ws, const std::string& name, int64_t version) {
  Query query;
  if (version > 0) query.emplace_back("version", std::to_string(version));
  return Get(ApiPath({"workspaces", ws, "models", name}), std::move(query));
}

Result<json::Value> Api::RegisterModel(const std::string& ws, const json::Value& model) {
  return Post(ApiPath({"workspaces", ws, "models"}), model);
}

Status Api::DownloadModelFile(const std::string& ws, const std::string& name, int64_t version,
                              const std::string& path, const std::string& to) {
  return Download(ApiPath({"workspaces", ws, "models", name, "content"}),
                  {{"version", std::to_string(version)}, {"path", path}}, to);
}

Result<json::Array> Api::ListEnvironments(const std::string& ws) {
  return List(ApiPath({"workspaces", ws, "environments"}));
}

Result<json::Value> Api::Environment(const std::string& ws, const std::string& name,
                                     const std::string& version) {
  Query query;
  if (!version.empty()) query.emplace_back("version", version);
  return Get(ApiPath({"workspaces", ws, "environments", name}), std::move(query));
}

Result<json::Array> Api::ListBuilds() { return List(ApiPath({"builds"})); }

Result<json::Value> Api::Build(const std::string& env_id) {
  return Get(ApiPath({"builds", env_id}));
}

}  // namespace rw::client
