#include "executor/grant.h"

#include "os/paths.h"

namespace rw::executor {
namespace {
constexpr char kDefaultLog[] = "azureml-logs/70_driver_log.txt";

Status ParseResume(const json::Value& spec, LaunchPlan& plan) {
  plan.resumes = spec["resume_files"].is_array();
  if (!plan.resumes) return Ok();
  for (const json::Value& one : spec["resume_files"].as_array()) {
    plan.resume_files.push_back(
        {TRY(os::CleanRelativePath(TRY(json::RequireString(one, "path")), "resume_files")),
         TRY(json::RequireString(one, "digest"))});
  }
  return Ok();
}

Status ParseImage(const json::Value& value, ImagePlan& image) {
  image.engine = TRY(json::OptionalString(value, "engine"));
  if (image.engine.empty()) return Ok();
  image.id = TRY(json::RequireString(value, "id"));
  image.interpreter = TRY(json::OptionalString(value, "interpreter"));
  image.guard = TRY(json::RequireString(value, "guard"));
  image.user = TRY(json::OptionalString(value, "user"));
  image.gpu_arguments = TRY(json::OptionalStringList(value, "gpu_arguments"));
  image.variables = TRY(json::OptionalStringMap(value, "variables"));
  return Ok();
}

Status ParseSurroundings(const json::Value& spec, LaunchPlan& plan) {
  plan.protect.build = TRY(json::OptionalString(spec["protect"], "build"));
  plan.protect.bytecode = TRY(json::OptionalString(spec["protect"], "bytecode"));
  plan.protect.cache = TRY(json::OptionalStringList(spec["protect"], "cache"));
  plan.fetch.env_root = TRY(json::OptionalString(spec["fetch"], "env_root"));
  if (!plan.fetch.env_root.empty())
    plan.fetch.build_id = TRY(os::CleanRelativePath(
        TRY(json::RequireString(spec["fetch"], "build_id")), "fetch.build_id"));
  TRY(ParseImage(spec["image"], plan.image));
  plan.container.shm_size = TRY(json::OptionalString(spec["container"], "shm_size"));
  plan.container.arguments = TRY(json::OptionalStringList(spec["container"], "arguments"));
  if (spec["container"]["gpu"].is_bool()) plan.container.gpu = spec["container"]["gpu"].as_bool();
  plan.shims = TRY(json::OptionalStringList(spec, "shims"));
  plan.data_cache = TRY(json::OptionalString(spec, "data_cache"));
  if (!spec["sources"].is_array()) return Ok();
  for (const json::Value& rule : spec["sources"].as_array())
    plan.sources.push_back({TRY(json::RequireString(rule, "prefix")),
                            TRY(json::OptionalString(rule, "folder")),
                            TRY(json::OptionalString(rule, "mirror"))});
  return Ok();
}

Result<LaunchPlan> ParsePlan(const json::Value& spec) {
  LaunchPlan plan;
  plan.snapshot_id = TRY(json::OptionalString(spec, "snapshot_id"));
  plan.script = TRY(json::OptionalString(spec, "script"));
  plan.command = TRY(json::OptionalString(spec, "command"));
  plan.arguments = TRY(json::OptionalStringList(spec, "arguments"));
  plan.interpreter = TRY(json::OptionalString(spec, "interpreter"));
  plan.environment_variables = TRY(json::OptionalStringMap(spec, "environment_variables"));
  plan.path_prepend = TRY(json::OptionalStringList(spec, "path_prepend"));
  plan.sdk_path = TRY(json::OptionalString(spec, "sdk_path"));
  plan.log_name = TRY(json::OptionalString(spec, "log_name", kDefaultLog));
  TRY(ParseResume(spec, plan));
  plan.blob_dir = TRY(json::OptionalString(spec, "blob_dir"));
  plan.max_run_duration_seconds =
      TRY(json::OptionalInt(spec, "max_run_duration_seconds", 0, 0, int64_t{1} << 40));
  plan.finalizing_seconds =
      TRY(json::OptionalInt(spec, "finalizing_seconds", 3600, 1, int64_t{1} << 40));
  plan.log_name = TRY(os::CleanRelativePath(plan.log_name, "log_name"));
  if (!plan.script.empty()) plan.script = TRY(os::CleanRelativePath(plan.script, "script"));
  TRY(ParseSurroundings(spec, plan));
  if (plan.script.empty() == plan.command.empty())
    return Error(Code::kInvalidArgument, "exactly one of script and command must be given",
                 "script");
  return plan;
}
}  // namespace

Result<Claim> ParseClaim(std::string_view text) {
  json::Value value = TRY(json::Parse(text));
  Claim claim;
  claim.allocation_id = TRY(json::RequireString(value, "allocation_id"));
  claim.run_id = TRY(json::RequireString(value, "run_id"));
  claim.secret = TRY(json::RequireString(value, "secret"));
  claim.server_url = TRY(json::RequireString(value, "server_url"));
  claim.endpoint_file = TRY(json::OptionalString(value, "endpoint_file"));
  return claim;
}

Result<Grant> ParseGrant(std::string_view text) {
  json::Value value = TRY(json::Parse(text));
  Grant grant;
  grant.token = TRY(json::RequireString(value, "token"));
  grant.fence = TRY(json::OptionalInt(value, "fence", 0, 0, INT64_MAX));
  grant.attempt = TRY(json::OptionalInt(value, "attempt", 1, 0, INT64_MAX));
  grant.run = value["run"];
  grant.plan = TRY(ParsePlan(value["spec"]));
  return grant;
}

}  // namespace rw::executor
