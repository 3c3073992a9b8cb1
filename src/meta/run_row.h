// Runs as rows. Functions work on any connection: those that change something run inside an
// operation of the writer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"
#include "model/run_state.h"

namespace rw::meta {

struct RunRow {
  int64_t row = 0;
  std::string id;
  std::string workspace_id;
  std::string experiment_id;
  std::string experiment;
  int64_t number = 0;
  std::string display_name;
  std::string type;
  model::RunState state;
  int64_t version = 0;
  std::string parent_id;  // empty: none
  std::string root_id;
  std::string target;       // empty: runs without processes of their own
  int64_t compute_row = 0;  // 0: local
  int64_t attempt = 0;
  std::string request_digest;
  int64_t created_us = 0;
  int64_t archived_us = 0;  // 0: not
  int64_t deleted_us = 0;   // 0: not
  std::string snapshot_id;
  json::Value spec;  // script, command, arguments, environment_variables, max_run_duration_seconds
  std::string env_id;
  std::string build_id;
  json::Value environment;
  json::Value run_definition;
};

/// kNotFound names the id.
Result<RunRow> LoadRun(db::Connection& db, const std::string& id);
Result<std::optional<RunRow>> FindRun(db::Connection& db, const std::string& id);
/// Rows of "SELECT <RunColumns()> FROM runs …", in its order.
std::string_view RunColumns();
RunRow ReadRun(const db::Statement& row);

/// Sets row and number (the experiment's next). An archived or deleted experiment is back with it.
Status InsertRun(db::Connection& db, RunRow& run);
/// State, attempt, environment; version is counted up.
Status SaveRun(db::Connection& db, RunRow& run);

/// The state after the event, saved if it changed; true where it did.
Result<bool> ApplyToRun(db::Connection& db, RunRow& run, const model::RunEvent& event);

Status AddWarning(db::Connection& db, int64_t run_row, std::string_view source,
                  std::string_view message);
/// nullopt removes nothing: the tag has no value. Removal is RemoveTag.
Status SetTag(db::Connection& db, int64_t run_row, std::string_view key,
              const std::optional<std::string>& value);
Status RemoveTag(db::Connection& db, int64_t run_row, std::string_view key);
/// kConflict when it exists with another value: nothing is changed then.
Status AddProperty(db::Connection& db, int64_t run_row, std::string_view key,
                   std::string_view value);

/// Ids of runs below `run_id`, children first come first, at any depth; deleted ones are left out.
Result<std::vector<std::string>> Descendants(db::Connection& db, const std::string& run_id);

/// The experiment's id; made when absent, back in the lists when it was archived or deleted.
Result<std::string> EnsureExperiment(db::Connection& db, const std::string& workspace_id,
                                     const std::string& name, const std::string& new_id,
                                     int64_t now_us);

/// The API's Run. `portal` is the URL of the server.
Result<json::Value> RunToJson(db::Connection& db, const RunRow& run, const std::string& portal);

}  // namespace rw::meta
