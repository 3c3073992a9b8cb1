#include "server/run_validate.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/strings.h"
#include "meta/compute_row.h"
#include "meta/snapshots.h"
#include "meta/workspaces.h"
#include "model/names.h"
#include "model/run_params.h"
#include "model/vm_sizes.h"
#include "os/paths.h"
#include "server/logging_process.h"
#include "server/resume.h"
#include "server/run_container.h"

namespace rw::server {
namespace {

constexpr size_t kLargestArgument = 131'071;  // MAX_ARG_STRLEN - 1 of the kernel
constexpr int64_t kLongestRunSeconds = int64_t{10} * 365 * 86'400;

Error Bad(std::string message, std::string field) {
  return Error(Code::kInvalidArgument, std::move(message), std::move(field));
}

Status CheckText(const std::string& text, const std::string& field) {
  if (text.find('\0') != std::string::npos) return Bad(field + " holds a NUL byte", field);
  if (text.size() <= kLargestArgument) return Ok();
  return Bad(field + " has " + std::to_string(text.size()) +
                 " bytes; the kernel passes at most 131071. Put it into a file.",
             field);
}

/// A run that was logged elsewhere tells when it began.
Status FillStart(const json::Value& body, meta::RunRow& run) {
  std::string start = TRY(json::OptionalString(body, "start_time"));
  if (start.empty()) return Ok();
  if (run.state.supervised) {
    return Bad("start_time is for runs without a script or command", "start_time");
  }
  run.state.start_us = ParseUtc(start);
  if (run.state.start_us > 0 && run.state.start_us <= run.created_us) return Ok();
  return Bad("start_time must be a time of the past, as 2026-11-21T12:00:00.000000Z", "start_time");
}

Result<json::Value> Arguments(const json::Value& body) {
  json::Value out = json::Array();
  if (body["arguments"].is_null()) return out;
  if (!body["arguments"].is_array()) return Bad("arguments must be a list of strings", "arguments");
  size_t index = 0;
  for (const json::Value& item : body["arguments"].as_array()) {
    std::string field = "arguments[" + std::to_string(index++) + "]";
    if (!item.is_string()) {
      return Bad(field + " must be a string; write " + json::Write(item) + " in quotes", field);
    }
    TRY(CheckText(item.as_string(), field));
    out.Append(item);
  }
  return out;
}

Result<json::Value> Variables(const json::Value& body) {
  json::Value out = json::Object();
  for (const auto& [name, value] : TRY(json::OptionalStringMap(body, "environment_variables"))) {
    TRY(model::CheckVariableName(name));
    TRY(CheckText(value, "environment_variables." + name));
    out.Set(name, value);
  }
  return out;
}

Status CheckNodeCount(const json::Value& body) {
  for (const json::Value& count : {body["node_count"], body["run_definition"]["nodeCount"]}) {
    if (!count.is_int() || count.as_int() <= 1) continue;
    return Error(Code::kUnsupported,
                 "node_count is " + std::to_string(count.as_int()) +
                     "; this version runs a script on one node. Set it to 1.",
                 "node_count");
  }
  return Ok();
}

Status FillProcess(const json::Value& body, meta::RunRow& run) {
  if (body["process"].is_null()) return Ok();
  if (run.state.supervised)
    return Bad("process is for runs without a script or command", "process");
  run.state.process = TRY(ReadLoggingProcess(body["process"])).ToJson();
  return Ok();
}

/// Script, command, arguments, variables, limits; a run without script and command is one that a
/// client logs to by itself.
Status FillSpec(const json::Value& body, meta::RunRow& run) {
  std::string script = TRY(json::OptionalString(body, "script"));
  std::string command = TRY(json::OptionalString(body, "command"));
  if (!script.empty() && !command.empty()) {
    return Bad("give script or command, not both", "command");
  }
  if (!script.empty()) script = TRY(os::CleanRelativePath(script, "script"));
  TRY(CheckText(command, "command"));
  run.spec = json::Object();
  run.spec.Set("script", script.empty() ? json::Value() : json::Value(script));
  run.spec.Set("command", command.empty() ? json::Value() : json::Value(command));
  run.spec.Set("arguments", TRY(Arguments(body)));
  run.spec.Set("environment_variables", TRY(Variables(body)));
  int64_t seconds =
      TRY(json::OptionalInt(body, "max_run_duration_seconds", 0, 0, kLongestRunSeconds));
  run.spec.Set("max_run_duration_seconds", seconds == 0 ? json::Value() : json::Value(seconds));
  json::Value container = TRY(ReadContainer(body));
  if (!container.is_null()) run.spec.Set("container", std::move(container));
  run.state.supervised = !script.empty() || !command.empty();
  if (run.state.supervised) return CheckNodeCount(body);
  if (run.spec["arguments"].as_array().empty()) return Ok();
  return Bad("arguments need a script or a command to take them", "script");
}

Status FillParent(ServerContext& context, const Principal& principal, const json::Value& body,
                  meta::RunRow& run) {
  run.parent_id = TRY(json::OptionalString(body, "parent_id"));
  if (run.parent_id.empty()) {
    if (principal.is_owner()) return Ok();
    return Error(Code::kPermissionDenied,
                 "a run may submit children of its own only: give parent_id", "parent_id");
  }
  auto parent = TRY(meta::FindRun(context.read, run.parent_id));
  if (!parent || parent->workspace_id != run.workspace_id) {
    return Error(Code::kNotFound, "parent run '" + run.parent_id + "' not found", "parent_id");
  }
  TRY(context.auth.MayWriteRun(principal, run.parent_id));
  run.root_id = parent->root_id;
  return Ok();
}

Status FillSnapshot(ServerContext& context, const json::Value& body, meta::RunRow& run) {
  run.snapshot_id = TRY(json::OptionalString(body, "snapshot_id"));
  bool has_script = run.spec["script"].is_string();
  if (run.snapshot_id.empty()) {
    if (has_script) return Bad("a script needs a snapshot that it is in", "snapshot_id");
    return Ok();
  }
  TRY(ParseDigest(run.snapshot_id, "snapshot_id"));
  if (!TRY(meta::SnapshotRepository(context.read).Find(run.snapshot_id))) {
    return Error(Code::kFailedPrecondition,
                 "snapshot " + run.snapshot_id + " is not on this server; upload it and repeat",
                 "snapshot_id");
  }
  if (!has_script) return Ok();
  return CheckScript(context.blobs, run.snapshot_id, run.spec["script"].as_string());
}

Status FillTarget(ServerContext& context, const json::Value& body, Submission& out) {
  meta::RunRow& run = out.run;
  run.target = TRY(json::OptionalString(body, "target", "local"));
  if (run.target.empty()) run.target = "local";
  if (!run.state.supervised) return Ok();
  TargetRef target = TRY(FindTarget(context.read, run.workspace_id, run.target));
  run.compute_row = target.compute_row;
  if (target.vm_size.empty()) return Ok();
  auto size = model::FindVmSize(target.vm_size);
  if (!size) return Ok();  // a size that an older list knew
  std::string warning = model::MissingGpuWarning(*size, CountGpus(context.fs));
  if (!warning.empty()) out.warnings.emplace_back("compute", warning);
  return Ok();
}

Status FillDetails(const json::Value& body, Submission& out) {
  if (!body["tags"].is_null() && !body["tags"].is_object())
    return Bad("tags must be an object", "tags");
  if (body["tags"].is_object()) {
    for (const auto& [key, value] : body["tags"].as_object()) {
      if (!value.is_null() && !value.is_string()) {
        return Bad("tag '" + key + "' must be a string or null", "tags");
      }
      out.tags[key] = value.is_null() ? std::nullopt : std::optional(value.as_string());
    }
  }
  out.properties = TRY(json::OptionalStringMap(body, "properties"));
  out.params = model::ParamsOfArguments(TRY(json::OptionalStringList(body, "arguments")));
  for (auto& [name, value] : TRY(model::ReadParams(body))) out.params[name] = std::move(value);
  if (!body["warnings"].is_array()) return Ok();
  for (const json::Value& one : body["warnings"].as_array()) {
    out.warnings.emplace_back(one.StringOr("source", "sdk"), one.StringOr("message"));
  }
  return Ok();
}

}  // namespace

int CountGpus(os::FileSystem& fs) {
  auto devices = fs.List("/dev");
  if (!devices) return 0;
  int count = 0;
  for (const os::DirEntry& device : *devices) {
    std::string_view name = device.name;
    if (name.starts_with("nvidia") && ParseInt(name.substr(6))) count++;
  }
  return count;
}

Result<TargetRef> FindTarget(db::Connection& db, const std::string& workspace_id,
                             const std::string& name) {
  if (Lower(name) == "local") return TargetRef{};
  if (auto compute = TRY(meta::FindCompute(db, workspace_id, name))) {
    return TargetRef{compute->row, compute->vm_size};
  }
  std::vector<std::string> names = {"local"};
  for (const meta::ComputeRow& compute : TRY(meta::AllComputes(db))) {
    if (compute.workspace_id == workspace_id) names.push_back(compute.name);
  }
  std::string workspace = TRY(meta::WorkspaceRepository(db).Get(workspace_id)).name;
  return Error(Code::kNotFound,
               "Compute target '" + name + "' not found in workspace '" + workspace +
                   "'. Existing: " + Join(names, ", ") +
                   ". Create it with `runwright compute create " + name +
                   " --vm-size STANDARD_D2_V2` or ComputeTarget.create.",
               "target");
}

Status CheckScript(cas::BlobStore& blobs, const std::string& snapshot_id,
                   const std::string& script) {
  cas::Digest folder = TRY(cas::Digest::Parse(snapshot_id));
  std::vector<std::string> parts = Split(script, '/');
  std::string above;
  for (size_t i = 0; i < parts.size(); i++) {
    cas::Tree tree = TRY(cas::ReadTree(blobs, folder));
    std::vector<std::string> names;
    const cas::TreeEntry* found = nullptr;
    for (const cas::TreeEntry& entry : tree) {
      if (entry.name == parts[i]) found = &entry;
      names.push_back(above + entry.name);
    }
    bool last = i + 1 == parts.size();
    if (found != nullptr && (found->mode == cas::EntryMode::kFolder) != last) {
      if (last) return Ok();
      folder = found->digest;
      above += parts[i] + "/";
      continue;
    }
    std::string near = Join(NearMatches(above + parts[i], names), ", ");
    return Bad("script '" + script + "' is not a file of the source folder" +
                   (near.empty() ? "" : "; near it: " + near) +
                   ". The path is relative to the source folder; ignored files are not part of it.",
               "script");
  }
  return Ok();
}

Result<Submission> ValidateSubmission(ServerContext& context, const Principal& principal,
                                      const std::string& workspace_id, const json::Value& body) {
  Submission out;
  meta::RunRow& run = out.run;
  run.workspace_id = TRY(meta::WorkspaceRepository(context.read).Get(workspace_id)).id;
  TRY(context.auth.MayReadWorkspace(principal, workspace_id));
  run.experiment = TRY(json::RequireString(body, "experiment"));
  TRY(model::CheckExperimentName(run.experiment));
  run.created_us = context.NowMicros();
  run.id = TRY(json::OptionalString(body, "run_id"));
  if (run.id.empty()) run.id = model::MintRunId(run.experiment, run.created_us, context.random);
  TRY(model::CheckRunId(run.id));
  run.root_id = run.id;
  run.display_name = TRY(json::OptionalString(body, "display_name"));
  TRY(FillSpec(body, run));
  TRY(FillStart(body, run));
  TRY(FillProcess(body, run));
  run.type = TRY(json::OptionalString(
      body, "type", run.state.supervised ? "azureml.scriptrun" : "azureml.interactiverun"));
  TRY(FillParent(context, principal, body, run));
  TRY(FillSnapshot(context, body, run));
  json::Value resume = TRY(CheckResume(context, workspace_id, body));
  if (!resume.is_null()) run.spec.Set("resume_from", std::move(resume));
  TRY(FillTarget(context, body, out));
  TRY(FillDetails(body, out));
  run.environment = body["environment"];
  run.run_definition = body["run_definition"];
  run.request_digest = Sha256Hex(workspace_id + "\n" + json::Write(body));
  out.new_experiment_id = context.random.Guid();
  return out;
}

}  // namespace rw::server
