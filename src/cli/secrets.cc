// runwright secrets.
#include <unistd.h>

#include "base/strings.h"
#include "cli/commands.h"
#include "os/file_system.h"

namespace rw::cli {
namespace {

std::string PathOf(const std::string& ws, const std::string& name) {
  return client::ApiPath({"workspaces", ws, "secrets", name});
}

/// The value comes on standard input, never in argv, where every user of the machine could read it.
Result<std::string> ReadValue(const SecretsOptions& options, const Context& context) {
  if (!options.file.empty())
    return os::ReadFile(os::PosixFileSystem(), context.here().Absolute(options.file), 1 << 20);
  if (isatty(STDIN_FILENO) != 0) PrintError("value, then Enter and Ctrl-D: ");
  std::string value;
  char piece[4096];
  while (ssize_t n = read(STDIN_FILENO, piece, sizeof piece)) {
    if (n < 0) return ErrnoError(errno, "read standard input");
    value.append(piece, static_cast<size_t>(n));
    if (value.size() > (1 << 20)) break;
  }
  // What `echo` and Enter add.
  if (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

Result<int> List(Context& context, client::Api& api, const std::string& ws) {
  json::Value answer = TRY(api.Get(client::ApiPath({"workspaces", ws, "secrets"})));
  if (context.json()) {
    Print(json::WritePretty(answer["items"]) + "\n");
    return 0;
  }
  std::vector<Row> rows;
  for (const json::Value& secret : answer["items"].as_array())
    rows.push_back({secret.StringOr("name"), LocalTime(secret["updated_time"])});
  Print(context.terminal().Table({{"SECRET"}, {"UPDATED"}}, rows));
  return 0;
}

}  // namespace

Result<int> Secrets(Context& context, const SecretsOptions& options) {
  client::Api* api = TRY(context.Api());
  const std::string ws = TRY(context.WorkspaceId());
  const std::string path = PathOf(ws, options.name);
  if (options.action == SecretsAction::kList) return List(context, *api, ws);
  json::Value answer;
  if (options.action == SecretsAction::kSet) {
    json::Value body;
    body.Set("value", TRY(ReadValue(options, context)));
    answer = TRY(api->Call("PUT", path, {}, &body));
  } else if (options.action == SecretsAction::kGet) {
    answer = TRY(api->Get(path));
    if (!context.json()) Print(answer.StringOr("value") + "\n");
  } else {
    answer = TRY(api->Call("DELETE", path));
  }
  if (context.json()) Print(json::WritePretty(answer) + "\n");
  return 0;
}

}  // namespace rw::cli
