// Every request that Api makes is a route of api/openapi.yaml.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/strings.h"
#include "client/api.h"
#include "net/asio_loop.h"
#include "net/server.h"
#include "os/file_system.h"

namespace rw::client {
namespace {

/// "GET /api/v1/runs/{}": the operations of the document, parameters without their names.
std::set<std::string> DocumentedRoutes() {
  std::set<std::string> out;
  std::string path;
  for (const std::string& line :
       Split(*os::ReadFile(os::PosixFileSystem(), "api/openapi.yaml"), '\n')) {
    if (line.starts_with("components:")) break;
    if (line.starts_with("  /")) {
      path.clear();
      bool inside = false;
      for (char c : line.substr(2, line.find(':') - 2)) {
        if (c == '}') inside = false;
        if (!inside) path += c;
        if (c == '{') inside = true;
      }
    }
    for (const char* method : {"get", "post", "put", "patch", "delete"})
      if (line.starts_with("    " + std::string(method) + ":"))
        out.insert((method[0] == 'p' && method[1] == 'a' ? "PATCH"
                    : method[0] == 'd'                   ? "DELETE"
                    : method[0] == 'g'                   ? "GET"
                    : method[1] == 'o'                   ? "POST"
                                                         : "PUT") +
                   (" " + path));
  }
  return out;
}

bool Matches(const std::string& route, const std::string& request) {
  std::vector<std::string> wanted = Split(route, '/');
  std::vector<std::string> got = Split(request, '/');
  if (wanted.size() != got.size()) return false;
  for (size_t i = 0; i < wanted.size(); i++)
    if (wanted[i] != "{}" && wanted[i] != got[i]) return false;
  return true;
}

TEST(ApiRoutes, AreThoseOfTheDocument) {
  std::vector<std::string> seen;
  net::AsioLoop loop;
  auto server = *net::HttpServer::Listen(
      loop, {.spool_dir = "/tmp"}, nullptr,
      [&](net::Request request, std::shared_ptr<net::Responder> responder) {
        seen.push_back(request.method + " " + request.path);
        json::Value empty;
        empty.Set("items", json::Array());
        responder->Send(net::JsonResponse(empty));
      });
  auto api = *Api::Make("http://" + server->address(), "t");
  std::thread thread([&] { loop.Run(); });
  json::Value body{json::Object()};
  std::string to = "/tmp/rw_api_routes_test";
  (void)api->Health();
  (void)api->Server();
  (void)api->StopServer();
  (void)api->LoginLink("/");
  (void)api->CreateWorkspace({"s", "g", "w"}, true);
  (void)api->FindWorkspace({});
  (void)api->SubmitRun("ws", body);
  (void)api->ListRuns("ws", {}, 1);
  (void)api->Run("r");
  (void)api->CancelRun("r");
  (void)api->Metrics("r", "");
  (void)api->Artifacts("r", "");
  (void)api->DownloadArtifact("r", "n", to);
  (void)api->MissingBlobs({});
  (void)api->PutPack("");
  (void)api->PutBlob("d", "/dev/null", 0);
  (void)api->CommitSnapshot("s");
  (void)api->ListComputes("ws");
  (void)api->Compute("ws", "c");
  (void)api->CreateCompute("ws", body);
  (void)api->UpdateCompute("ws", "c", body);
  (void)api->DeleteCompute("ws", "c");
  (void)api->ListModels("ws", {});
  (void)api->Model("ws", "m", 1);
  (void)api->RegisterModel("ws", body);
  (void)api->DownloadModelFile("ws", "m", 1, "p", to);
  (void)api->ListEnvironments("ws");
  (void)api->Environment("ws", "e", "");
  (void)api->ListBuilds();
  (void)api->Build("b");
  loop.Stop();
  thread.join();
  (void)os::PosixFileSystem().Remove(to);
  EXPECT_EQ(seen.size(), 30u);
  std::set<std::string> routes = DocumentedRoutes();
  ASSERT_GT(routes.size(), 40u);
  for (const std::string& request : seen) {
    bool known = false;
    for (const std::string& route : routes) known = known || Matches(route, request);
    EXPECT_TRUE(known) << request;
  }
}

}  // namespace
}  // namespace rw::client
