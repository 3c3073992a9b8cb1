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

/// Of most runs, without what is looked up.
constexpr size_t kPartBytes = 768;

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

void AddColumns(const db::Statement& row, bool over, std::string& out) {
  Members members(out, row);
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
}

}  // namespace

std::string_view RunTextColumns() { return kColumns; }

void AppendState(std::string& out, std::string_view status, std::string_view reason) {
  out += ",\"reason\":";
  out += reason.empty() ? "null" : reason;
  out += ",\"status\":";
  json::AppendQuoted(out, status);
  out += '}';
}

Result<RunTexts> RunTexts::Open(db::Connection& db, const RunShow& show, size_t most) {
  RunTexts texts(show, TRY(RunLookups::Open(db, show)));
  texts.parts_text_.reserve(most * kPartBytes);
  return texts;
}

void RunTexts::Add(const db::Statement& row) {
  RunText run;
  run.id = row.Text(1);
  run.compute_row = row.Int(23);
  auto status = model::ParseRunStatus(row.View(12)).value_or(model::RunStatus::kFailed);
  bool over = model::IsTerminal(status);
  run.may_wait = row.Int(22) != 0 && model::IsBeforeStart(status);
  Part part;
  part.begin = parts_text_.size();
  AddColumns(row, over, parts_text_);
  part.lookups = parts_text_.size();
  json::AppendQuoted(parts_text_ += ",\"portal_url\":", portal_ + PercentEncode(run.id));
  part.state = parts_text_.size();
  AppendState(parts_text_, model::StatusName(status), row.View(13));
  parts_.push_back(part);
  rows_.push_back(row.Int(0));
  runs_.push_back(std::move(run));
}

Result<std::vector<RunText>> RunTexts::Write(std::string& page) {
  TRY(lookups_.Read(rows_));
  page.reserve(parts_text_.size() + lookups_.size() + parts_.size());
  for (size_t i = 0; i < parts_.size(); i++) {
    const Part& part = parts_[i];
    size_t end = i + 1 < parts_.size() ? parts_[i + 1].begin : parts_text_.size();
    if (i > 0) page += ',';
    runs_[i].begin = page.size();
    page.append(parts_text_, part.begin, part.lookups - part.begin);
    lookups_.Append(i, page);
    page.append(parts_text_, part.lookups, part.state - part.lookups);
    runs_[i].state = page.size();
    page.append(parts_text_, part.state, end - part.state);
    runs_[i].end = page.size();
  }
  return std::move(runs_);
}

}  // namespace rw::meta
