#include "client/api.h"
#include "os/file_system.h"

namespace rw::client {
namespace {
std::vector<std::string> Strings(const json::Value& list) {
  std::vector<std::string> out;
  if (!list.is_array()) return out;
  for (const json::Value& item : list.as_array())
    if (item.is_string()) out.push_back(item.as_string());
  return out;
}
}  // namespace

Result<json::Value> Api::SubmitRun(const std::string& workspace_id, const json::Value& run) {
  return Post(ApiPath({"workspaces", workspace_id, "runs"}), run);
}

Result<json::Array> Api::ListRuns(const std::string& workspace_id, Query query, size_t most) {
  return List(ApiPath({"workspaces", workspace_id, "runs"}), std::move(query), most);
}

Result<json::Value> Api::CancelRun(const std::string& id) {
  return Post(ApiPath({"runs", id, "cancel"}), json::Value(json::Object()));
}

Result<json::Value> Api::Metrics(const std::string& id, const std::string& name) {
  Query query;
  if (!name.empty()) query.emplace_back("name", name);
  return Get(ApiPath({"runs", id, "metrics"}), std::move(query));
}

Result<json::Array> Api::Artifacts(const std::string& id, const std::string& prefix) {
  Query query;
  if (!prefix.empty()) query.emplace_back("prefix", prefix);
  return List(ApiPath({"runs", id, "artifacts"}), std::move(query));
}

Status Api::DownloadArtifact(const std::string& id, const std::string& name,
                             const std::string& to) {
  return Download(ApiPath({"runs", id, "artifacts", "content"}), {{"name", name}}, to);
}

Result<std::vector<std::string>> Api::MissingBlobs(const std::vector<std::string>& digests) {
  json::Value body;
  json::Array list(digests.begin(), digests.end());
  json::Value answer =
      TRY(Post(ApiPath({"blobs", "missing"}), body.Set("digests", std::move(list))));
  return Strings(answer["missing"]);
}

Status Api::PutPack(std::string pack) {
  net::Request request = Authorized("POST", ApiPath({"blobs", "pack"}));
  request.headers["Content-Type"] = "application/octet-stream";
  request.body.bytes = std::move(pack);
  net::Response response = TRY(Send(std::move(request)));
  if (response.status >= 400) return ErrorOf(response);
  return Ok();
}

Status Api::PutBlob(const std::string& digest, const std::string& path, uint64_t size) {
  net::Request request = Authorized("PUT", ApiPath({"blobs", digest}));
  request.headers["Content-Type"] = "application/octet-stream";
  request.body.file = std::make_shared<net::FileBody>(path, 0, size);
  net::Response response = TRY(Send(std::move(request)));
  if (response.status >= 400) return ErrorOf(response);
  return Ok();
}

Result<std::vector<std::string>> Api::CommitSnapshot(const std::string& id) {
  net::Request request = Authorized("POST", ApiPath({"snapshots"}));
  request.headers["Content-Type"] = "application/json";
  request.body.bytes = json::Write(json::Value().Set("id", id));
  net::Response response = TRY(Send(std::move(request)));
  if (response.status < 400) return std::vector<std::string>();
  auto body = json::Parse(response.body.bytes);
  if (response.status == 412 && body && (*body)["missing"].is_array())
    return Strings((*body)["missing"]);
  return ErrorOf(response);
}

}  // namespace rw::client
