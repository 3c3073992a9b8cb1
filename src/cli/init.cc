// runwright init: from an empty folder to one where programs find their workspace.
#include <termios.h>
#include <unistd.h>

#include "base/strings.h"
#include "cli/commands.h"
#include "cli/running_server.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {
using client::ConfigFile;
using client::WorkspaceKeys;

struct Found {
  std::string url;
  std::string token;
  bool started = false;
};

/// A line of standard input; unseen where it is typed.
std::string ReadSecret(const std::string& prompt) {
  bool terminal = isatty(STDIN_FILENO) != 0;
  termios before{};
  if (terminal) {
    PrintError(prompt);
    tcgetattr(STDIN_FILENO, &before);
    termios hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
  }
  std::string line;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n' && line.size() < 4096) line += byte;
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    PrintError("\n");
  }
  return std::string(Trim(line));
}

/// A server that others run: its token comes from RUNWRIGHT_TOKEN, the credential file or standard
/// input.
Result<Found> Foreign(Context& context, std::string url) {
  while (url.ends_with('/')) url.pop_back();
  auto open = TRY(client::Api::Make(url, ""));
  if (auto health = open->Health(); !health)
    return Error(health.error()).WithContext("no Runwright server answers at " + url);
  std::string token = TRY(client::TokenFor(context.here(), url));
  if (token.empty()) token = ReadSecret("Token for " + url + ": ");
  if (token.empty())
    return Error(
        Code::kUnauthenticated,
        "no token for " + url +
            ": give it in RUNWRIGHT_TOKEN or on standard input. On the machine of the server it "
            "is in the credential file of the user who started it");
  return Found{url, token, false};
}

Result<Found> Own(Context& context, const std::string& data) {
  Found found;
  RunningServer server = TRY(StartInBackground(context.here(), data, found.started));
  found.url = server.url;
  found.token = TRY(client::TokenFor(context.here(), server.url));
  if (found.token.empty())
    return Error(Code::kUnauthenticated,
                 "a server runs on " + data + " at " + server.url + ", but " +
                     context.here().CredentialPath() +
                     " has no token for it: give it in RUNWRIGHT_TOKEN, or use the account (and "
                     "XDG_CONFIG_HOME) that first started the server");
  return found;
}

/// Letters, digits, _ and - of the folder's name; "workspace" where nothing is left.
std::string NameOfFolder(const std::string& dir) {
  std::string name;
  for (char c : os::BaseName(dir)) {
    bool plain = isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain || ((c == '_' || c == '-') && !name.empty())) name += c;
  }
  name.resize(std::min<size_t>(name.size(), 32));
  return name.size() < 2 ? "workspace" : name;
}

/// The workspace of that name where the server has one, else a new one.
Result<json::Value> Workspace(client::Api& api, const WorkspaceKeys& keys) {
  auto there = api.FindWorkspace(keys);
  if (there || there.error().code() != Code::kNotFound) return there;
  return api.CreateWorkspace(keys, true);
}

Status CheckAgainst(const ConfigFile& config, const CommonOptions& common, const InitOptions& o) {
  auto differs = [&](const char* what, const std::string& wanted, const std::string& is) -> Status {
    if (wanted.empty() || wanted == is) return Ok();
    return Error(Code::kConflict,
                 config.path + " is there already, with " + what + " '" + is + "' and not '" +
                     wanted + "'; it is left as it is. Move it away, or choose another folder");
  };
  TRY(differs("workspace_name", common.workspace, config.keys.workspace_name));
  TRY(differs("subscription_id", o.subscription_id, config.keys.subscription_id));
  TRY(differs("resource_group", o.resource_group, config.keys.resource_group));
  if (!common.server.empty() && !config.server.empty() &&
      !client::SameServer(common.server, config.server))
    TRY(differs("server", common.server, config.server));
  return Ok();
}

void Show(Context& context, const Found& found, const ConfigFile& config,
          const json::Value& workspace) {
  if (context.json()) {
    json::Value out;
    out.Set("server", found.url).Set("started", found.started).Set("config", config.path);
    return Print(json::WritePretty(out.Set("workspace", workspace)) + "\n");
  }
  const Terminal& t = context.terminal();
  Print((found.started ? "Started a server at " : "Server    ") + found.url + "\n");
  Print("Workspace " + t.Paint(config.keys.workspace_name, Color::kGreen) + "  (" + config.path +
        ")\n");
  Print(t.Paint("Next: runwright submit --follow train.py, or Workspace.from_config() in Python\n",
                Color::kDim));
}
}  // namespace

Result<int> Init(Context& context, const InitOptions& options) {
  const CommonOptions& common = context.common();
  std::string dir = context.here().Absolute(options.dir);
  ConfigFile config{os::JoinPath(dir, "config.json"), {}, ""};
  if (os::Exists(os::PosixFileSystem(), config.path)) {
    auto there = client::ReadConfig(config.path);
    if (!there)
      return Error(Code::kConflict, config.path +
                                        " is there already and belongs to something else (" +
                                        there.error().message() + "); choose another folder");
    TRY(CheckAgainst(*there, common, options));
    config = *there;
  } else {
    config.keys = {options.subscription_id, options.resource_group,
                   common.workspace.empty() ? NameOfFolder(dir) : common.workspace};
  }
  std::string data =
      context.here().Absolute(options.data.empty() ? context.here().DataFolder() : options.data);
  std::string url = common.server;
  if (url.empty() && options.data.empty()) url = context.here().Variable("RUNWRIGHT_SERVER");
  if (url.empty() && !config.server.empty() && !client::IsLoopback(config.server))
    url = config.server;
  // Two at once would make two workspaces of one name.
  std::string credential_dir = os::DirName(context.here().CredentialPath());
  TRY(os::PosixFileSystem().MakeDirs(credential_dir, 0700));
  os::FileLock lock = TRY(os::FileLock::Wait(os::JoinPath(credential_dir, "init.lock")));
  Found found = url.empty() ? TRY(Own(context, data)) : TRY(Foreign(context, url));
  if (!config.server.empty() && !client::SameServer(config.server, found.url))
    return Error(Code::kConflict,
                 config.path + " names the server " + config.server + ", but the one here is " +
                     found.url +
                     "; it is left as it is. Move it away, or start that server (--data)");
  auto api = TRY(client::Api::Make(found.url, found.token));
  json::Value workspace = TRY(Workspace(*api, config.keys));
  config.keys = {workspace.StringOr("subscription_id"), workspace.StringOr("resource_group"),
                 workspace.StringOr("name")};
  // A token that the server took is worth keeping.
  client::CredentialFile credentials = client::CredentialFile::Of(context.here());
  TRY(credentials.PutToken(found.url, found.token));
  TRY(credentials.AddWorkspace(found.url, config.keys));
  bool azures_own = os::Exists(os::PosixFileSystem(), config.path) && config.server.empty();
  if (!azures_own) {
    config.server = found.url;
    TRY(client::WriteConfig(config));
  }
  Show(context, found, config, workspace);
  return 0;
}

}  // namespace rw::cli
