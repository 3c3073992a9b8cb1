// runwright sync: sends what interactive and offline runs left on this machine.
#include "base/clock.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/run_sync.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {

constexpr const char* kMark = "synced.json";

/// The folders that are meant, in their order.
Result<std::vector<std::string>> Wanted(Context& context, const SyncOptions& o) {
  std::vector<std::string> folders;
  for (const std::string& dir : o.dirs) {
    std::string path = context.here().Absolute(dir);
    std::string named = os::JoinPath(LocalRunsFolder(context.here()), dir);
    bool is_id = dir.find('/') == std::string::npos && !os::Exists(os::PosixFileSystem(), path);
    if (is_id && os::Exists(os::PosixFileSystem(), named)) path = named;
    if (!os::Exists(os::PosixFileSystem(), path)) {
      return Error(
          Code::kNotFound,
          "there is no folder " + path +
              (is_id ? ", and no run of that id below " + LocalRunsFolder(context.here()) : ""),
          "dir");
    }
    std::vector<std::string> found = TRY(LocalRunFolders(path));
    if (found.empty()) {
      return Error(Code::kFailedPrecondition, path + " holds no run: no run.json in it or below",
                   "dir");
    }
    folders.insert(folders.end(), found.begin(), found.end());
  }
  if (!o.dirs.empty()) return folders;
  std::string all = LocalRunsFolder(context.here());
  if (!os::Exists(os::PosixFileSystem(), all)) return folders;
  return LocalRunFolders(all);
}

/// An interactive run goes back to the server that it began on, unless one is named.
Result<std::unique_ptr<client::Api>> ApiOf(Context& context, const LocalRun& run) {
  std::string server = context.common().server;
  if (server.empty() && !run.offline()) server = run.info.StringOr("server_url");
  client::Destination to = TRY(client::Locate(context.here(), server));
  return client::Api::Make(to.server, to.token);
}

Result<SyncReport> SyncFolder(Context& context, const SyncOptions& o, const std::string& folder,
                              LocalRun& run) {
  run = TRY(ReadLocalRun(folder));
  auto api = TRY(ApiOf(context, run));
  std::string workspace = run.info["workspace"].StringOr("id");
  if (run.offline()) workspace = TRY(context.WorkspaceId());
  std::string experiment = o.experiment;
  if (experiment.empty()) experiment = run.info.StringOr("experiment");
  SyncReport report = TRY(RunSync(context, *api, run, workspace, experiment).Sync(o.ended));
  os::FileSystem& fs = os::PosixFileSystem();
  if (report.complete && o.remove) {
    TRY(fs.RemoveTree(folder));
  } else if (report.complete) {
    json::Value mark = json::Object();
    mark.Set("server", api->server()).Set("time", FormatUtc(SystemClock().WallMicros()));
    TRY(os::WriteFileAtomically(fs, os::JoinPath(folder, kMark), json::WritePretty(mark) + "\n"));
  }
  return report;
}

json::Value ToJson(const std::string& folder, const std::string& id,
                   const Result<SyncReport>& report) {
  json::Value out = json::Object();
  out.Set("run_id", id).Set("folder", folder);
  if (!report) {
    json::Value error = json::Object();
    error.Set("code", CodeName(report.error().code())).Set("message", report.error().message());
    return out.Set("error", std::move(error));
  }
  out.Set("status", report->status).Set("created", report->created);
  out.Set("complete", report->complete).Set("bytes", report->bytes).Set("files", report->files);
  json::Array problems(report->problems.begin(), report->problems.end());
  return out.Set("problems", std::move(problems));
}

void Show(Context& context, const std::string& folder, const std::string& id,
          const Result<SyncReport>& report) {
  if (!report) {
    PrintError(context.terminal().Paint(folder + ": " + report.error().message(), Color::kRed) +
               "\n");
    return;
  }
  bool sent = report->created || report->bytes > 0 || report->files > 0;
  std::string line = id + "  " + report->status + "  ";
  line += sent ? HumanBytes(static_cast<uint64_t>(report->bytes)) + " of journals, " +
                     std::to_string(report->files) + " files"
               : "nothing new";
  if (!report->complete && report->problems.empty()) line += "; its process is still there";
  Print(line + "\n");
  for (const std::string& problem : report->problems) {
    PrintError(context.terminal().Paint("  " + problem, Color::kYellow) + "\n");
  }
}

}  // namespace

Result<int> Sync(Context& context, const SyncOptions& options) {
  std::vector<std::string> folders = TRY(Wanted(context, options));
  json::Array out;
  bool failed = false;
  for (const std::string& folder : folders) {
    LocalRun run;
    auto report = SyncFolder(context, options, folder, run);
    failed = failed || !report || !report->problems.empty();
    if (context.json()) {
      out.push_back(ToJson(folder, run.id(), report));
    } else {
      Show(context, folder, run.id(), report);
    }
  }
  if (context.json()) Print(json::WritePretty(json::Value(std::move(out))) + "\n");
  if (folders.empty() && !context.json()) Print("There is nothing to send.\n");
  return failed ? 1 : 0;
}

}  // namespace rw::cli
