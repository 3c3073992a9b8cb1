#include "base/hash.h"
#include "base/strings.h"
#include "cli/doctor.h"
#include "model/run_status.h"
#include "os/file_system.h"

namespace rw::cli {
namespace {

using keep::Health;

void Fate(const json::Value& run, Findings& out) {
  const std::string status = run.StringOr("status");
  const json::Value& error = run["error"];
  std::string text = status;
  if (!run["reason"].StringOr("text").empty()) text += ": " + run["reason"].StringOr("text");
  if (error.is_object()) text += ": " + error.StringOr("message");
  if (!error.StringOr("file").empty())
    text += " (" + error.StringOr("file") + ":" + std::to_string(error.IntOr("line", 0)) + ")";
  if (status == "Failed")
    return AddFinding(out, Health::kError, "run", text,
                      error.StringOr("next_step", "runwright logs " + run.StringOr("id")));
  if (status == "NotResponding" && run["process"].is_object())
    return AddFinding(
        out, Health::kError, "run", text,
        "where that process is gone: runwright sync " + run.StringOr("id") + " on its machine");
  if (status == "NotResponding")
    return AddFinding(out, Health::kError, "run",
                      text + ": its executor has not been heard for 90 s",
                      "the script may go on; look at the machine it runs on (is it up? can it "
                      "reach the server?), or runwright runs cancel " +
                          run.StringOr("id"));
  AddFinding(out, status == "Queued" || status == "Preparing" ? Health::kNote : Health::kGood,
             "run", text,
             status == "Queued" ? "runwright compute list shows who has the nodes" : "");
}

void Warnings(const json::Value& run, Findings& out) {
  if (!run["warnings"].is_array()) return;
  for (const json::Value& warning : run["warnings"].as_array())
    AddFinding(out, Health::kWarning, warning.StringOr("source", "run"),
               warning.StringOr("message"));
}

/// Every file can be read from the server; `deep`: and has the bytes that its hash says.
void Files(client::Api& api, const std::string& run, bool deep, Findings& out) {
  auto files = api.Artifacts(run, "");
  if (!files)
    return AddFinding(out, Health::kError, "files", files.error().message(),
                      "runwright doctor --data DIR on the server's machine");
  size_t damaged = 0;
  for (const json::Value& file : *files) {
    if (!deep || file.BoolOr("live", false)) continue;
    const std::string name = file.StringOr("name");
    const std::string to = "/tmp/runwright-doctor-" + Sha256Hex(run + "/" + name).substr(0, 16);
    auto got = api.DownloadArtifact(run, name, to);
    (void)os::PosixFileSystem().Remove(to);
    if (got) continue;
    damaged++;
    AddFinding(out, Health::kError, "files", "'" + name + "': " + got.error().message(),
               "put the blob back from a backup, or upload the file again");
  }
  if (damaged == 0)
    AddFinding(out, Health::kGood, "files",
               std::to_string(files->size()) + (deep ? ", each read and verified" : ""));
}

/// Where the run is of this machine.
void Folder(const json::Value& server, const json::Value& run, Findings& out) {
  const std::string folder = server.StringOr("runs") + "/" + run.StringOr("id");
  auto status = model::ParseRunStatus(run.StringOr("status"));
  if (server.StringOr("runs").empty() || !status || model::IsTerminal(*status)) return;
  if (!run["script"].is_string() && !run["command"].is_string()) return;
  if (model::IsBeforeStart(*status)) return;
  if (!os::Exists(os::PosixFileSystem(), server.StringOr("data"))) return;
  if (os::Exists(os::PosixFileSystem(), folder))
    return AddFinding(out, Health::kGood, "run folder", folder);
  AddFinding(out, Health::kError, "run folder", folder + " is gone while the run lives",
             "runwright runs cancel " + run.StringOr("id") + " and submit again");
}

}  // namespace

void ExamineRun(Context& context, const std::string& id, bool deep, Findings& out) {
  auto api = context.Api();
  if (!api)
    return AddFinding(out, Health::kError, "server", api.error().message(), "runwright doctor");
  auto run = (*api)->Run(id);
  if (!run)
    return AddFinding(out, Health::kError, "run", run.error().message(),
                      "runwright runs list; runwright doctor for the server itself");
  Fate(*run, out);
  Warnings(*run, out);
  Files(**api, id, deep, out);
  auto server = (*api)->Server();
  if (server) Folder(*server, *run, out);
}

}  // namespace rw::cli
