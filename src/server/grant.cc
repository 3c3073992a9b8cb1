#include "server/grant.h"

#include "base/hash.h"
#include "base/strings.h"
#include "meta/source_rules.h"
#include "server/resume.h"

namespace rw::server {
namespace {

Result<json::Value> WorkspaceOf(db::Connection& db, const std::string& id) {
  auto row = TRY(db.Prepare(
      "SELECT name, subscription_id, resource_group, location FROM workspaces WHERE id = ?"));
  if (!TRY(row.Bind(id).Step())) return Error(Code::kNotFound, "workspace " + id + " not found");
  json::Value out = json::Object();
  out.Set("id", id).Set("name", row.Text(0)).Set("subscription_id", row.Text(1));
  return out.Set("resource_group", row.Text(2)).Set("location", row.Text(3));
}

json::Value RunMembers(const meta::RunRow& run, json::Value workspace, const GrantFacts& facts) {
  json::Value out = json::Object();
  out.Set("version", 1).Set("run_id", run.id).Set("run_number", run.number);
  out.Set("experiment", run.experiment).Set("experiment_id", run.experiment_id);
  out.Set("workspace", std::move(workspace));
  out.Set("parent_id", run.parent_id.empty() ? json::Value() : json::Value(run.parent_id));
  out.Set("root_id", run.root_id).Set("target", run.target).Set("attempt", run.attempt);
  out.Set("server_url", facts.server_url);
  return out.Set("portal_url", facts.server_url + "/runs/" + PercentEncode(run.id));
}

json::Value SpecMembers(const meta::RunRow& run, const ReadyEnvironment& environment,
                        const GrantFacts& facts) {
  json::Value out = run.spec;
  // The server's words alone: never the run's own.
  if (out.is_object())
    for (const char* name :
         {"protect", "fetch", "image", "shims", "sources", "data_cache", "resume_files"})
      out.as_object().erase(name);
  out.Set("snapshot_id", run.snapshot_id.empty() ? json::Value() : json::Value(run.snapshot_id));
  out.Set("interpreter", environment.interpreter);
  json::Value prepend = json::Array();
  for (const std::string& folder : environment.path_prepend) prepend.Append(folder);
  out.Set("path_prepend", std::move(prepend));
  if (!environment.protect.is_null()) out.Set("protect", environment.protect);
  if (!environment.fetch.is_null()) out.Set("fetch", environment.fetch);
  if (!environment.image.is_null()) out.Set("image", environment.image);
  if (!environment.shims.empty())
    out.Set("shims", json::Array(environment.shims.begin(), environment.shims.end()));
  if (!facts.data_cache.empty()) out.Set("data_cache", facts.data_cache);
  out.Set("sdk_path", facts.sdk_path);
  out.Set("finalizing_seconds", facts.finalizing_seconds);
  out.Set("log_name", "azureml-logs/70_driver_log.txt");
  return out.Set("blob_dir", facts.blob_dir.empty() ? json::Value() : json::Value(facts.blob_dir));
}

Result<json::Array> SourceMap(db::Connection& db) {
  json::Array out;
  for (const model::SourceRule& rule : TRY(meta::SourceRuleRepository(db).List()))
    out.push_back(model::ToJson(rule));
  return out;
}

}  // namespace

Result<json::Value> MakeGrant(db::Connection& db, const meta::RunRow& run,
                              const ReadyEnvironment& environment, const GrantFacts& facts) {
  json::Value grant = json::Object();
  grant.Set("run", RunMembers(run, TRY(WorkspaceOf(db, run.workspace_id)), facts));
  json::Value spec = SpecMembers(run, environment, facts);
  json::Array sources = TRY(SourceMap(db));
  if (!sources.empty()) spec.Set("sources", std::move(sources));
  if (run.spec["resume_from"].is_object())
    spec.Set("resume_files", TRY(ResumeFiles(db, run.spec["resume_from"])));
  return grant.Set("spec", std::move(spec));
}

std::string RunToken(const std::string& secret, const std::string& claimant) {
  return Sha256Hex("runwright-run-token-1\n" + secret + "\n" + claimant);
}

}  // namespace rw::server
