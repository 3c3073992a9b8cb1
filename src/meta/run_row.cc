#include "meta/run_row.h"

#include "meta/metric_packing.h"

namespace rw::meta {
namespace {

constexpr std::string_view kColumns =
    "row, id, workspace_id, experiment_id, experiment, number, display_name, type, status,"
    " reason_json, version, parent_id, root_id, target, compute_row, attempt, submitted,"
    " request_digest, created_us, start_us, end_us, snapshot_id, spec_json, env_id,"
    " build_id, environment_json, run_definition_json, error_json, details_json,"
    " archived_us, deleted_us";

std::optional<std::string> TextOrNull(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}
std::optional<std::string> JsonOrNull(const json::Value& value) {
  if (value.is_null()) return std::nullopt;
  return json::Write(value);
}
std::optional<int64_t> TimeOrNull(int64_t us) {
  if (us == 0) return std::nullopt;
  return us;
}

json::Value JsonAt(const db::Statement& row, int column) {
  if (row.IsNull(column)) return nullptr;
  auto value = json::Parse(row.Text(column));
  return value ? *std::move(value) : json::Value(nullptr);
}

std::optional<std::string> ReasonJson(const model::Reason& reason) {
  if (reason.text.empty()) return std::nullopt;
  json::Value value = json::Object();
  value.Set("text", reason.text);
  if (reason.position > 0) value.Set("position", reason.position);
  return json::Write(value);
}

std::optional<std::string> DetailsJson(const model::RunState& state) {
  json::Value value;
  if (!state.declared.is_null()) value.Set("declared", state.declared);
  if (!state.exit.is_null()) value.Set("exit", state.exit);
  if (!state.summary.is_null()) value.Set("summary", state.summary);
  if (!state.process.is_null()) value.Set("process", state.process);
  if (state.cancel_requested) value.Set("cancel_requested", true);
  if (state.end_requested) value.Set("end_requested", true);
  return JsonOrNull(value);
}

model::RunState ReadState(const db::Statement& row) {
  model::RunState state;
  state.status = model::ParseRunStatus(row.Text(8)).value_or(model::RunStatus::kFailed);
  json::Value reason = JsonAt(row, 9);
  state.reason = {reason.StringOr("text"), reason.IntOr("position", 0)};
  state.supervised = row.Int(16) != 0;
  state.start_us = row.Int(19);
  state.end_us = row.Int(20);
  state.error = JsonAt(row, 27);
  json::Value details = JsonAt(row, 28);
  state.declared = details["declared"];
  state.exit = details["exit"];
  state.summary = details["summary"];
  state.process = details["process"];
  state.cancel_requested = details.BoolOr("cancel_requested", false);
  state.end_requested = details.BoolOr("end_requested", false);
  return state;
}

}  // namespace

std::string_view RunColumns() { return kColumns; }

RunRow ReadRun(const db::Statement& row) {
  RunRow run;
  run.row = row.Int(0);
  run.id = row.Text(1);
  run.workspace_id = row.Text(2);
  run.experiment_id = row.Text(3);
  run.experiment = row.Text(4);
  run.number = row.Int(5);
  run.display_name = row.Text(6);
  run.type = row.Text(7);
  run.state = ReadState(row);
  run.version = row.Int(10);
  run.parent_id = row.Text(11);
  run.root_id = row.Text(12);
  run.target = row.Text(13);
  run.compute_row = row.Int(14);
  run.attempt = row.Int(15);
  run.request_digest = row.Text(17);
  run.created_us = row.Int(18);
  run.snapshot_id = row.Text(21);
  run.spec = JsonAt(row, 22);
  run.env_id = row.Text(23);
  run.build_id = row.Text(24);
  run.environment = JsonAt(row, 25);
  run.run_definition = JsonAt(row, 26);
  run.archived_us = row.Int(29);
  run.deleted_us = row.Int(30);
  return run;
}

Result<std::optional<RunRow>> FindRun(db::Connection& db, const std::string& id) {
  auto row = TRY(db.Prepare("SELECT " + std::string(kColumns) + " FROM runs WHERE id = ?"));
  if (!TRY(row.Bind(id).Step())) return std::optional<RunRow>();
  return std::optional<RunRow>(ReadRun(row));
}

Result<RunRow> LoadRun(db::Connection& db, const std::string& id) {
  auto run = TRY(FindRun(db, id));
  if (!run) return Error(Code::kNotFound, "run '" + id + "' not found", "run");
  return *std::move(run);
}

Status InsertRun(db::Connection& db, RunRow& run) {
  auto number = TRY(db.Prepare(
      "UPDATE experiments SET last_number = last_number + 1, archived_us = NULL, deleted_us = NULL"
      " WHERE id = ? RETURNING last_number"));
  if (!TRY(number.Bind(run.experiment_id).Step())) {
    return Error(Code::kNotFound, "experiment '" + run.experiment + "' not found", "experiment");
  }
  run.number = number.Int(0);
  TRY(number.Run());
  const model::RunState& s = run.state;
  auto insert = TRY(db.Prepare(
      "INSERT INTO runs (id, workspace_id, experiment_id, experiment, number, display_name, type,"
      " status, reason_json, version, parent_id, root_id, target, compute_row, attempt, submitted,"
      " request_digest, created_us, start_us, end_us, snapshot_id, spec_json, env_id, build_id,"
      " environment_json, run_definition_json, error_json, details_json)"
      " VALUES (?,?,?,?,?,?,?,?,?,1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  insert.Bind(run.id).Bind(run.workspace_id).Bind(run.experiment_id).Bind(run.experiment);
  insert.Bind(run.number).Bind(run.display_name).Bind(run.type).Bind(model::StatusName(s.status));
  insert.Bind(ReasonJson(s.reason)).Bind(TextOrNull(run.parent_id)).Bind(run.root_id);
  insert.Bind(run.target).Bind(TimeOrNull(run.compute_row)).Bind(run.attempt);
  insert.Bind(int64_t{s.supervised}).Bind(run.request_digest).Bind(run.created_us);
  insert.Bind(TimeOrNull(s.start_us)).Bind(TimeOrNull(s.end_us)).Bind(TextOrNull(run.snapshot_id));
  insert.Bind(json::Write(run.spec.is_null() ? json::Object() : run.spec));
  insert.Bind(TextOrNull(run.env_id)).Bind(TextOrNull(run.build_id));
  insert.Bind(JsonOrNull(run.environment)).Bind(JsonOrNull(run.run_definition));
  insert.Bind(JsonOrNull(s.error)).Bind(DetailsJson(s));
  TRY(insert.Run());
  run.row = db.last_insert_id();
  run.version = 1;
  return Ok();
}

Status SaveRun(db::Connection& db, RunRow& run) {
  const model::RunState& s = run.state;
  auto update = TRY(
      db.Prepare("UPDATE runs SET status = ?, reason_json = ?, version = version + 1, attempt = ?,"
                 " start_us = ?, end_us = ?, display_name = ?, build_id = ?,"
                 " environment_json = ?, error_json = ?, details_json = ? WHERE row = ?"));
  update.Bind(model::StatusName(s.status)).Bind(ReasonJson(s.reason)).Bind(run.attempt);
  update.Bind(TimeOrNull(s.start_us)).Bind(TimeOrNull(s.end_us)).Bind(run.display_name);
  update.Bind(TextOrNull(run.build_id)).Bind(JsonOrNull(run.environment));
  update.Bind(JsonOrNull(s.error)).Bind(DetailsJson(s)).Bind(run.row);
  TRY(update.Run());
  run.version++;
  return Ok();
}

Result<bool> ApplyToRun(db::Connection& db, RunRow& run, const model::RunEvent& event) {
  model::RunState after = TRY(model::Apply(run.state, event));
  if (after == run.state) return false;
  if (model::IsTerminal(after.status) && !model::IsTerminal(run.state.status))
    TRY(QueuePacking(db, run.row));
  run.state = std::move(after);
  TRY(SaveRun(db, run));
  return true;
}

}  // namespace rw::meta
