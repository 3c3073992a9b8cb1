#include <cstdlib>

#include "base/clock.h"
#include "cli/doctor.h"
#include "client/config_file.h"
#include "os/file_system.h"

namespace rw::cli {
namespace {

using keep::Health;

constexpr int64_t kSkewUs = 2'000'000;

void Credentials(Context& context, Findings& out) {
  const std::string path = context.here().CredentialPath();
  auto info = os::PosixFileSystem().Stat(path);
  if (!info)
    return AddFinding(out, Health::kNote, "credentials", "there is no " + path,
                      "`runwright init` makes it, or set RUNWRIGHT_SERVER and RUNWRIGHT_TOKEN");
  if ((info->mode & 0077) != 0)
    return AddFinding(out, Health::kError, "credentials", "others can read " + path,
                      "chmod 600 " + path);
  auto entries = client::CredentialFile::Of(context.here()).Load();
  if (!entries)
    return AddFinding(out, Health::kError, "credentials", entries.error().message(),
                      "repair the file, or move it away and run `runwright init` again");
  AddFinding(out, Health::kGood, "credentials",
             path + " knows " + std::to_string(entries->size()) + " server" +
                 (entries->size() == 1 ? "" : "s"));
}

void Config(Context& context, Findings& out) {
  auto config = client::FindConfig(context.here().cwd);
  if (!config)
    return AddFinding(out, Health::kError, "config.json", config.error().message(),
                      "repair it, or remove it and run `runwright init`");
  if (!*config)
    return AddFinding(out, Health::kNote, "config.json",
                      "none here or above: Workspace.from_config() finds nothing",
                      "runwright init");
  AddFinding(out, Health::kGood, "config.json",
             (*config)->path + " names workspace '" + (*config)->keys.workspace_name + "'");
}

void Clocks(const json::Value& server, Findings& out) {
  int64_t theirs = server.IntOr("time_us", 0);
  if (theirs == 0) return;
  int64_t skew = theirs - SystemClock().WallMicros();
  if (std::abs(skew) < kSkewUs) return;
  AddFinding(out, Health::kWarning, "clock",
             "this machine's clock is " + std::to_string(std::abs(skew) / 1'000'000) + " s " +
                 (skew > 0 ? "behind" : "ahead of") +
                 " the server's: times of runs and metrics will look odd",
             "set both by NTP");
}

}  // namespace

void ExamineServer(Context& context, Findings& out) {
  Credentials(context, out);
  Config(context, out);
  auto api = context.Api();
  if (!api)
    return AddFinding(out, Health::kError, "server", api.error().message(),
                      "runwright init, or name one with --server");
  auto server = (*api)->Server();
  if (!server && server.error().code() == Code::kUnauthenticated)
    return AddFinding(out, Health::kError, "server",
                      (*api)->server() +
                          " does not know this token: it is of another server, or "
                          "of another data folder",
                      "runwright init --server " + (*api)->server() + " asks for the right one");
  if (!server)
    return AddFinding(out, Health::kError, "server",
                      (*api)->server() + ": " + server.error().message(),
                      "start it (runwright server), or correct `server` in config.json");
  AddFinding(out, Health::kGood, "server",
             (*api)->server() + " answers, version " + server->StringOr("version") + ", pid " +
                 std::to_string(server->IntOr("pid", 0)));
  Clocks(*server, out);
  auto workspace = context.WorkspaceId();
  if (!workspace)
    return AddFinding(out, Health::kError, "workspace", workspace.error().message(),
                      "runwright init makes it, or correct config.json");
  AddFinding(out, Health::kGood, "workspace", *workspace);
}

}  // namespace rw::cli
