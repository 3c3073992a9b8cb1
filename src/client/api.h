// The server's REST routes as blocking calls, for the command line and for tests. One object has
// one connection pool and one loop; it is used from one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/credentials.h"
#include "json/value.h"
#include "net/client.h"

namespace rw::client {

using Query = std::vector<std::pair<std::string, std::string>>;

/// "/api/v1" and the segments, percent-encoded.
std::string ApiPath(const std::vector<std::string>& segments);

/// Errors are the server's own, or kUnavailable when nobody answers.
class Api {
 public:
  /// `token` may be "" at exec.sock. Does not talk to the server yet.
  static Result<std::unique_ptr<Api>> Make(const std::string& server, const std::string& token);
  ~Api();
  const std::string& server() const { return server_; }
  /// The server has another address now.
  Status MoveTo(const std::string& server);

  // Any route.
  Result<json::Value> Call(const std::string& method, const std::string& path, Query query = {},
                           const json::Value* body = nullptr);
  Result<json::Value> Get(const std::string& path, Query query = {}) {
    return Call("GET", path, std::move(query));
  }
  Result<json::Value> Post(const std::string& path, const json::Value& body) {
    return Call("POST", path, {}, &body);
  }
  /// The answer as it is, status >= 400 included.
  Result<net::Response> Send(net::Request request);
  /// Every page of a list, at most `most` items.
  Result<json::Array> List(const std::string& path, const Query& query = {},
                           size_t most = 1'000'000);
  /// The body of a GET into a file (by rename, folders made).
  Status Download(const std::string& path, Query query, const std::string& to);

  // Server and workspaces.
  Result<json::Value> Health();
  Result<json::Value> Server() { return Get(ApiPath({"server"})); }
  Status StopServer();
  Result<std::string> LoginLink(const std::string& path);
  Result<json::Value> CreateWorkspace(const WorkspaceKeys& keys, bool exist_ok);
  /// By its keys (empty ones match any); the only one where no name is given. kNotFound and
  /// kFailedPrecondition list what is there.
  Result<json::Value> FindWorkspace(const WorkspaceKeys& keys);

  // Runs.
  Result<json::Value> SubmitRun(const std::string& workspace_id, const json::Value& run);
  Result<json::Array> ListRuns(const std::string& workspace_id, const Query& query, size_t most);
  Result<json::Value> Run(const std::string& id) { return Get(ApiPath({"runs", id})); }
  Result<json::Value> CancelRun(const std::string& id);
  Result<json::Value> Metrics(const std::string& id, const std::string& name);
  Result<json::Array> Artifacts(const std::string& id, const std::string& prefix);
  Status DownloadArtifact(const std::string& id, const std::string& name, const std::string& to);

  // Blobs and snapshots.
  Result<std::vector<std::string>> MissingBlobs(const std::vector<std::string>& digests);
  Status PutPack(std::string pack);
  Status PutBlob(const std::string& digest, const std::string& path, uint64_t size);
  /// Digests that are missing; none when it is stored.
  Result<std::vector<std::string>> CommitSnapshot(const std::string& id);

  // Computes, models, environments.
  Result<json::Array> ListComputes(const std::string& ws);
  Result<json::Value> Compute(const std::string& ws, const std::string& name);
  Result<json::Value> CreateCompute(const std::string& ws, const json::Value& compute);
  Result<json::Value> UpdateCompute(const std::string& ws, const std::string& name,
                                    const json::Value& change);
  Status DeleteCompute(const std::string& ws, const std::string& name);
  Result<json::Array> ListModels(const std::string& ws, const Query& query);
  /// The latest version where `version` is 0.
  Result<json::Value> Model(const std::string& ws, const std::string& name, int64_t version);
  Result<json::Value> RegisterModel(const std::string& ws, const json::Value& model);
  Status DownloadModelFile(const std::string& ws, const std::string& name, int64_t version,
                           const std::string& path, const std::string& to);
  Result<json::Array> ListEnvironments(const std::string& ws);
  Result<json::Value> Environment(const std::string& ws, const std::string& name,
                                  const std::string& version);
  Result<json::Array> ListBuilds();
  Result<json::Value> Build(const std::string& env_id);

  /// The loop, for what does not fit a blocking call (following logs).
  net::AsioLoop& loop() { return *loop_; }
  net::Request Authorized(std::string method, std::string path, Query query = {}) const;

 private:
  Api(std::string server, std::string token);
  Result<net::Response> SendBy(net::Transport& transport, net::Request request);

  std::string server_;
  std::string token_;
  std::unique_ptr<net::AsioLoop> loop_;
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace rw::client
