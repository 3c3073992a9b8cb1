#include "base/clock.h"
#include "base/strings.h"
#include "meta/run_params.h"
#include "meta/run_row.h"

namespace rw::meta {
namespace {

json::Value TimeOrNull(int64_t us) { return us == 0 ? json::Value() : json::Value(FormatUtc(us)); }
json::Value TextOrNull(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

Result<json::Value> KeyValues(db::Connection& db, std::string_view sql, int64_t run_row) {
  json::Value out = json::Object();
  auto rows = TRY(db.Prepare(sql));
  rows.Bind(run_row);
  while (TRY(rows.Step())) {
    out.Set(rows.Text(0), rows.IsNull(1) ? json::Value() : json::Value(rows.Text(1)));
  }
  return out;
}

Result<json::Value> Warnings(db::Connection& db, int64_t run_row) {
  json::Value out = json::Array();
  auto rows = TRY(db.Prepare(
      "SELECT source, message FROM run_warnings WHERE run_row = ? ORDER BY row LIMIT 1000"));
  rows.Bind(run_row);
  while (TRY(rows.Step())) {
    json::Value one = json::Object();
    one.Set("source", rows.Text(0)).Set("message", rows.Text(1));
    out.Append(std::move(one));
  }
  return out;
}

/// Logs that a client streams: azureml-logs/NN…, user_logs/…, in name order.
Result<json::Value> LogFiles(db::Connection& db, int64_t run_row) {
  json::Value out = json::Array();
  auto rows = TRY(db.Prepare(
      "SELECT name FROM logs WHERE run_row = ? AND name NOT GLOB 'logs/*' ORDER BY name"));
  rows.Bind(run_row);
  while (TRY(rows.Step())) out.Append(rows.Text(0));
  return out;
}

void SetState(const RunRow& run, json::Value& out) {
  const model::RunState& s = run.state;
  out.Set("status", model::StatusName(s.status));
  json::Value reason;
  if (!s.reason.text.empty()) {
    reason.Set("text", s.reason.text);
    if (s.reason.position > 0) reason.Set("position", s.reason.position);
  }
  out.Set("reason", std::move(reason));
  out.Set("created_time", FormatUtc(run.created_us));
  out.Set("start_time", TimeOrNull(s.start_us));
  out.Set("archived_time", TimeOrNull(run.archived_us));
  out.Set("end_time", model::IsTerminal(s.status) ? TimeOrNull(s.end_us) : json::Value());
  if (run.deleted_us != 0) out.Set("deleted_time", FormatUtc(run.deleted_us));
  out.Set("error", model::IsTerminal(s.status) ? s.error : json::Value());
  out.Set("summary", s.summary.is_object() ? s.summary : json::Object());
}

void SetSpec(const RunRow& run, json::Value& out) {
  out.Set("snapshot_id", TextOrNull(run.snapshot_id));
  out.Set("script", run.spec["script"]);
  out.Set("command", run.spec["command"]);
  out.Set("arguments", run.spec["arguments"].is_array() ? run.spec["arguments"] : json::Array());
  const json::Value& variables = run.spec["environment_variables"];
  out.Set("environment_variables", variables.is_object() ? variables : json::Object());
  out.Set("environment", run.environment.is_null() ? json::Object() : run.environment);
  if (run.spec["resume_from"].is_object()) out.Set("resume_from", run.spec["resume_from"]);
  if (!run.run_definition.is_null()) out.Set("run_definition", run.run_definition);
}

}  // namespace

Result<json::Value> RunToJson(db::Connection& db, const RunRow& run, const std::string& portal) {
  json::Value out = json::Object();
  out.Set("id", run.id).Set("number", run.number).Set("workspace_id", run.workspace_id);
  out.Set("experiment", run.experiment).Set("experiment_id", run.experiment_id);
  out.Set("display_name", run.display_name).Set("type", run.type);
  out.Set("parent_id", TextOrNull(run.parent_id)).Set("root_id", run.root_id);
  out.Set("target", run.target).Set("attempt", run.attempt);
  SetState(run, out);
  if (run.state.process.is_object()) out.Set("process", run.state.process);
  SetSpec(run, out);
  out.Set("tags", TRY(KeyValues(db, "SELECT key, value FROM run_tags WHERE run_row = ?", run.row)));
  out.Set("properties",
          TRY(KeyValues(db, "SELECT key, value FROM run_properties WHERE run_row = ?", run.row)));
  out.Set("params", TRY(ParamsToJson(db, run.row)));
  out.Set("warnings", TRY(Warnings(db, run.row)));
  out.Set("log_files", TRY(LogFiles(db, run.row)));
  out.Set("portal_url", portal + "/runs/" + PercentEncode(run.id));
  return out;
}

}  // namespace rw::meta
