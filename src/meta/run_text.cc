#include "meta/run_text.h"

#include "base/strings.h"
#include "base/time_text.h"
#include "json/text.h"
#include "model/run_status.h"

namespace rw::meta {
namespace {

constexpr std::string_view kColumns =
    "runs.row, runs.id, runs.number, runs.workspace_id, runs.experiment, runs.experiment_id,"
    " runs.display_name, runs.type, runs.parent_id, runs.root_id, runs.target, runs.attempt,"
    " runs.status, runs.reason_json, runs.created_us, runs.start_us, runs.end_us,"
    " runs.error_json, runs.snapshot_id, runs.spec_json, runs.environment_json,"
    " runs.run_definition_json, runs.submitted, runs.compute_row,"
    " runs.archived_us, runs.deleted_us, runs.details_json";

/// Members of one object. Names come with what stands around them: `,"id":`.
class Members {
 public:
  Members(std::string& out, const db::Statement& row) : out_(out), row_(row) {}

  std::string& Key(std::string_view name) { return out_ += name; }
  void Text(std::string_view name, int column) { json::AppendQuoted(Key(name), row_.View(column)); }
  void TextOrNull(std::string_view name, int column) {
    std::string_view text = row_.View(column);
    if (text.empty()) {
      Key(name) += "null";
    } else {
      json::AppendQuoted(Key(name), text);
    }
  }
  void Int(std::string_view name, int column) { json::AppendInt(Key(name), row_.Int(column)); }
  void Time(std::string_view name, int column, bool known = true) {
    int64_t us = row_.Int(column);
    Key(name);
    if (us == 0 || !known) {
      out_ += "null";
      return;
    }
    out_ += '"';
    AppendUtc(out_, us);
    out_ += '"';
  }
  void Json(std::string_view name, std::string_view text, std::string_view otherwise) {
    Key(name) += text.empty() || text == "null" ? otherwise : text;
  }

 private:
  std::string& out_;
  const db::Statement& row_;
};

void AddSpec(Members& members, std::string_view spec) {
  constexpr std::string_view kNames[] = {"script", "command", "arguments", "environment_variables"};
  std::string_view values[4];
  json::RawMembers(spec, kNames, values);
  members.Json(",\"script\":", values[0], "null");
  members.Json(",\"command\":", values[1], "null");
  members.Json(",\"arguments\":", values[2], "[]");
  members.Json(",\"environment_variables\":", values[3], "{}");
}

/// What is looked up for each run, in the order of RunTexts' statements.
enum Lookup : size_t { kTags, kProperties, kWarnings, kLogFiles, kMetrics, kParams };
constexpr std::string_view kLookups[] = {
    "SELECT key, value FROM run_tags WHERE run_row = ?",
    "SELECT key, value FROM run_properties WHERE run_row = ?",
    "SELECT source, message FROM run_warnings WHERE run_row = ? ORDER BY row LIMIT 1000",
    "SELECT name FROM logs WHERE run_row = ? ORDER BY name",
    "SELECT count, last, max, min FROM metrics WHERE run_row = ? AND name = ?",
    "SELECT value FROM run_params WHERE run_row = ? AND key = ?",
};

Status AddPairs(db::Statement& rows, int64_t run_row, std::string& out) {
  rows.Bind(run_row);
  out += '{';
  for (bool first = true; TRY(rows.Step()); first = false) {
    if (!first) out += ',';
    json::AppendQuoted(out, rows.View(0));
    out += ':';
    if (rows.IsNull(1)) {
      out += "null";
    } else {
      json::AppendQuoted(out, rows.View(1));
    }
  }
  out += '}';
  rows.Reset();
  return Ok();
}

Status AddWarnings(db::Statement& rows, int64_t run_row, std::string& out) {
  rows.Bind(run_row);
  out += '[';
  for (bool first = true; TRY(rows.Step()); first = false) {
    out += first ? "{\"message\":" : ",{\"message\":";
    json::AppendQuoted(out, rows.View(1));
    out += ",\"source\":";
    json::AppendQuoted(out, rows.View(0));
    out += '}';
  }
  out += ']';
  rows.Reset();
  return Ok();
}

Status AddLogFiles(db::Statement& rows, int64_t run_row, std::string& out) {
  rows.Bind(run_row);
  out += '[';
  for (bool first = true; TRY(rows.Step()); first = false) {
    if (!first) out += ',';
    json::AppendQuoted(out, rows.View(0));
  }
  out += ']';
  rows.Reset();
  return Ok();
}

void AddNumber(std::string& out, std::string_view name, const db::Statement& row, int column) {
  out += name;
  if (row.IsNull(column)) {
    out += "null";
  } else {
    json::AppendDouble(out, row.Double(column));
  }
}

/// {name: what `add` makes of its row} of those names that the run has.
template <typename Add>
Status AddNamed(db::Statement& rows, int64_t run_row, const std::vector<std::string>& names,
                std::string& out, Add add) {
  out += '{';
  bool first = true;
  for (const std::string& name : names) {
    rows.Bind(run_row).Bind(name);
    if (TRY(rows.Step())) {
      if (!first) out += ',';
      first = false;
      json::AppendQuoted(out, name);
      out += ':';
      add(rows, out);
    }
    rows.Reset();
  }
  out += '}';
  return Ok();
}

void AddMetric(const db::Statement& row, std::string& out) {
  out += "{\"count\":";
  json::AppendInt(out, row.Int(0));
  AddNumber(out, ",\"last\":", row, 1);
  AddNumber(out, ",\"max\":", row, 2);
  AddNumber(out, ",\"min\":", row, 3);
  out += '}';
}

void AddParam(const db::Statement& row, std::string& out) { json::AppendQuoted(out, row.View(0)); }

}  // namespace

std::string_view RunTextColumns() { return kColumns; }

void AppendState(std::string& out, std::string_view status, std::string_view reason) {
  out += ",\"reason\":";
  out += reason.empty() ? "null" : reason;
  out += ",\"status\":";
  json::AppendQuoted(out, status);
  out += '}';
}

Result<RunTexts> RunTexts::Open(db::Connection& db, const RunShow& show) {
  std::vector<db::Statement> lookups;
  for (std::string_view sql : kLookups) lookups.push_back(TRY(db.Prepare(sql)));
  return RunTexts(show, std::move(lookups));
}

Result<RunText> RunTexts::Append(const db::Statement& row, std::string& page) {
  RunText run;
  run.id = row.Text(1);
  run.compute_row = row.Int(23);
  auto status = model::ParseRunStatus(row.View(12)).value_or(model::RunStatus::kFailed);
  bool over = model::IsTerminal(status);
  run.may_wait = row.Int(22) != 0 && model::IsBeforeStart(status);
  run.begin = page.size();
  Members members(page, row);
  members.Text("{\"id\":", 1);
  members.Int(",\"number\":", 2);
  members.Text(",\"workspace_id\":", 3);
  members.Text(",\"experiment\":", 4);
  members.Text(",\"experiment_id\":", 5);
  members.Text(",\"display_name\":", 6);
  members.Text(",\"type\":", 7);
  members.TextOrNull(",\"parent_id\":", 8);
  members.Text(",\"root_id\":", 9);
  members.Text(",\"target\":", 10);
  members.Int(",\"attempt\":", 11);
  members.Time(",\"created_time\":", 14);
  members.Time(",\"start_time\":", 15);
  members.Time(",\"archived_time\":", 24);
  if (row.Int(25) != 0) members.Time(",\"deleted_time\":", 25);
  members.Time(",\"end_time\":", 16, over);
  members.Json(",\"summary\":", json::RawMember(row.View(26), "summary"), "{}");
  members.Json(",\"error\":", over ? row.View(17) : std::string_view(), "null");
  members.TextOrNull(",\"snapshot_id\":", 18);
  AddSpec(members, row.View(19));
  members.Json(",\"environment\":", row.View(20), "{}");
  if (!row.IsNull(21)) members.Json(",\"run_definition\":", row.View(21), "null");
  int64_t key = row.Int(0);
  TRY(AddPairs(lookups_[kTags], key, members.Key(",\"tags\":")));
  TRY(AddPairs(lookups_[kProperties], key, members.Key(",\"properties\":")));
  TRY(AddWarnings(lookups_[kWarnings], key, members.Key(",\"warnings\":")));
  TRY(AddLogFiles(lookups_[kLogFiles], key, members.Key(",\"log_files\":")));
  if (!show_->metrics.empty()) {
    TRY(AddNamed(lookups_[kMetrics], key, show_->metrics, members.Key(",\"metrics\":"), AddMetric));
  }
  if (!show_->params.empty()) {
    TRY(AddNamed(lookups_[kParams], key, show_->params, members.Key(",\"params\":"), AddParam));
  }
  json::AppendQuoted(members.Key(",\"portal_url\":"), portal_ + PercentEncode(run.id));
  run.state = page.size();
  AppendState(page, model::StatusName(status), row.View(13));
  run.end = page.size();
  return run;
}

}  // namespace rw::meta
