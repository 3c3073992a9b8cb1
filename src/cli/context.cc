#include "cli/context.h"

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {

Result<client::Api*> Context::Api() {
  if (api_) return api_.get();
  destination_ = TRY(client::Locate(here_, common_.server));
  api_ = TRY(client::Api::Make(destination_.server, destination_.token));
  return api_.get();
}

Result<json::Value> Context::OwnRun() {
  TRY(Api());
  if (destination_.source != "RUNWRIGHT_RUN_DIR") return json::Value();
  std::string path = os::JoinPath(here_.Variable("RUNWRIGHT_RUN_DIR"), "run.json");
  return json::Parse(TRY(os::ReadFile(os::PosixFileSystem(), path)));
}

Result<std::string> Context::WorkspaceId() {
  if (!workspace_id_.empty()) return workspace_id_;
  client::Api* api = TRY(Api());
  if (common_.workspace.empty()) {
    json::Value own = TRY(OwnRun());
    if (own.is_object()) return workspace_id_ = own["workspace"].StringOr("id");
  }
  client::WorkspaceKeys keys;
  if (!common_.workspace.empty()) {
    keys.workspace_name = common_.workspace;
  } else if (destination_.workspace) {
    keys = *destination_.workspace;
  }
  return workspace_id_ = TRY(api->FindWorkspace(keys)).StringOr("id");
}

Result<json::Value> Pairs(const std::vector<std::string>& pairs, const std::string& option) {
  json::Value out{json::Object()};
  for (const std::string& pair : pairs) {
    size_t equals = pair.find('=');
    std::string key = pair.substr(0, equals);
    if (key.empty())
      return Error(Code::kInvalidArgument, option + " takes KEY=VALUE, not '" + pair + "'", option);
    out.Set(key, equals == std::string::npos ? "" : pair.substr(equals + 1));
  }
  return out;
}

}  // namespace rw::cli
