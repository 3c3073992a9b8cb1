#include "base/strings.h"
#include "client/api.h"

namespace rw::client {

namespace {
/// Workspaces of one name differ by the other two keys.
std::vector<std::string> WithKeys(const json::Array& workspaces) {
  std::vector<std::string> out;
  for (const json::Value& workspace : workspaces)
    out.push_back(workspace.StringOr("name") + " (subscription_id " +
                  workspace.StringOr("subscription_id") + ", resource_group " +
                  workspace.StringOr("resource_group") + ")");
  return out;
}
}  // namespace

Result<json::Value> Api::Health() { return Get("/healthz"); }

Status Api::StopServer() {
  TRY(Post(ApiPath({"server", "stop"}), json::Value(json::Object())));
  return Ok();
}

Result<std::string> Api::LoginLink(const std::string& path) {
  json::Value answer = TRY(Post(ApiPath({"login-links"}), json::Value().Set("path", path)));
  return answer.StringOr("url");
}

Result<json::Value> Api::CreateWorkspace(const WorkspaceKeys& keys, bool exist_ok) {
  json::Value body;
  body.Set("name", keys.workspace_name).Set("exist_ok", exist_ok);
  if (!keys.subscription_id.empty()) body.Set("subscription_id", keys.subscription_id);
  if (!keys.resource_group.empty()) body.Set("resource_group", keys.resource_group);
  return Post(ApiPath({"workspaces"}), body);
}

Result<json::Value> Api::FindWorkspace(const WorkspaceKeys& keys) {
  json::Array all = TRY(List(ApiPath({"workspaces"})));
  auto matches = [](const std::string& wanted, const std::string& is) {
    return wanted.empty() || wanted == is;
  };
  json::Array found;
  std::vector<std::string> names;
  for (const json::Value& workspace : all) {
    names.push_back(workspace.StringOr("name"));
    if (matches(keys.workspace_name, workspace.StringOr("name")) &&
        matches(keys.subscription_id, workspace.StringOr("subscription_id")) &&
        matches(keys.resource_group, workspace.StringOr("resource_group")))
      found.push_back(workspace);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1 && !keys.workspace_name.empty()) names = WithKeys(found);
  std::string there = names.empty() ? "it has none" : "it has " + Join(names, ", ");
  if (found.empty() && !keys.workspace_name.empty())
    return Error(Code::kNotFound,
                 server_ + " has no workspace '" + keys.workspace_name + "' with these keys (" +
                     there + "). `runwright init` makes one",
                 "workspace");
  if (found.empty())
    return Error(Code::kNotFound, server_ + " has no workspace; `runwright init` makes one",
                 "workspace");
  return Error(Code::kFailedPrecondition,
               "which workspace of " + server_ + " is meant? " + there +
                   ": name one with --workspace, or run in a folder with config.json",
               "workspace");
}

}  // namespace rw::client
