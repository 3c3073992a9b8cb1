#include "server/journal_apply.h"

#include "base/hash.h"
#include "meta/metric_packing.h"
#include "meta/metric_rows.h"
#include "model/names.h"

namespace rw::server {
namespace {

constexpr size_t kLongestName = size_t{16} << 10;

/// A name as it is kept: one that is too long is cut between characters, its hash keeps it apart
/// from others that begin alike.
std::string CutName(std::string_view name) {
  size_t end = kLongestName - 17;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) end--;
  std::string cut(name.substr(0, end));
  cut += '#';
  cut += Sha256Hex(name).substr(0, 16);
  return cut;
}

/// A number, also as {"$number": "NaN"}.
std::optional<double> PlainNumber(const json::Value& value) {
  if (value.is_number()) return value.as_double();
  if (!value.is_object() || value.as_object().size() != 1) return std::nullopt;
  if (!value["$number"].is_string()) return std::nullopt;
  auto number = json::DoubleFrom(value["$number"]);
  if (!number) return std::nullopt;
  return *number;
}

std::string TextOf(const json::Value& value) {
  return value.is_string() ? value.as_string() : json::Write(value);
}

}  // namespace

JournalApplier::JournalApplier(db::Connection& db, const meta::RunRow& home,
                               const std::string& writer, JournalState& state, int64_t now_us)
    : db_(db), home_(home), writer_(writer), state_(state), now_us_(now_us) {
  rows_[home.id] = home.row;
}

Status JournalApplier::Apply(const journal::Record& record) {
  state_.next_seq = static_cast<int64_t>(record.seq) + 1;
  switch (record.kind) {
    case journal::Kind::kNumber:
      return ApplyNumber(record);
    case journal::Kind::kOpen:
    case journal::Kind::kMetric:
    case journal::Kind::kTag:
    case journal::Kind::kProperty:
    case journal::Kind::kChild:
    case journal::Kind::kEnd:
    case journal::Kind::kRun:
    case journal::Kind::kLost:
      return ApplyJson(record);
  }
  unknown_++;
  return Ok();
}

Status JournalApplier::ApplyNumber(const journal::Record& record) {
  auto number = journal::ParseNumber(record.body);
  if (!number) return Warn("A number record of writer " + writer_ + " cannot be read; skipped.");
  if (number->name.empty()) return Warn("A metric without a name was skipped.");
  if (current_row_ < 0) current_row_ = TRY(RowOf(CurrentRun()));
  if (current_row_ == 0) return Ok();
  Gathered& to = SegmentOf(current_row_, number->name, "scalar", record.seq);
  to.segment.AddNumber(record.wall_us, record.boot_us, number->step, number->value,
                       number->integer);
  return to.segment.count() < meta::kLargestSegment ? Ok() : Store(to);
}

Status JournalApplier::Store(Gathered& one) {
  TRY(meta::AddSegment(db_, one.run_row, one.name, one.type, writer_, one.first_seq, one.segment));
  points_ += one.segment.count();
  gathered_.erase(std::to_string(one.run_row) + "\n" + one.name);
  last_ = nullptr;
  return Ok();
}

JournalApplier::Gathered& JournalApplier::SegmentOf(int64_t run_row, std::string_view name,
                                                    std::string_view type, uint64_t seq) {
  has_metrics_ = true;
  if (name.size() > kLongestName) return SegmentOf(run_row, CutName(name), type, seq);
  if (last_ != nullptr && last_->run_row == run_row && last_->name == name) return *last_;
  last_key_ = std::to_string(run_row);
  last_key_ += '\n';
  last_key_ += name;
  auto at = gathered_.find(last_key_);
  if (at == gathered_.end()) {
    at = gathered_
             .emplace(last_key_,
                      Gathered{run_row, std::string(name), std::string(type),
                               static_cast<int64_t>(seq), meta::SegmentBuilder(state_.boot_id)})
             .first;
  }
  last_ = &at->second;
  return *last_;
}

Status JournalApplier::ApplyJson(const journal::Record& record) {
  auto body = json::Parse(record.body);
  if (!body || !body->is_object()) {
    return Warn("Record " + std::to_string(record.seq) + " of writer " + writer_ +
                " is not JSON; skipped.");
  }
  if (record.kind == journal::Kind::kOpen) return Open(record, *body);
  if (record.kind == journal::Kind::kRun) return SwitchRun(*body);
  if (record.kind == journal::Kind::kChild) return Child(record, *body);
  if (record.kind == journal::Kind::kLost) {
    return Warn(std::to_string(body->IntOr("points", 0)) + " values could not be logged: " +
                body->StringOr("reason", "the disk was full") + ".");
  }
  std::string run_id = body->StringOr("run_id", CurrentRun());
  int64_t row = TRY(RowOf(run_id));
  if (row == 0) return Ok();
  if (record.kind == journal::Kind::kMetric) return Metric(record, *body, row);
  if (record.kind == journal::Kind::kTag) return Tag(*body, row);
  if (record.kind == journal::Kind::kProperty) return Property(*body, row);
  return End(record, *body, run_id);
}

Status JournalApplier::Open(const journal::Record& record, const json::Value& body) {
  state_.boot_id = body.StringOr("boot_id");
  if (!state_.boot_id.empty()) state_.shift_us = record.wall_us - record.boot_us;
  return SwitchRun(body);
}

int64_t JournalApplier::TimeOf(const journal::Record& record) const {
  return state_.shift_us ? record.boot_us + *state_.shift_us : record.wall_us;
}

Status JournalApplier::SwitchRun(const json::Value& body) {
  state_.run_id = body.StringOr("run_id");
  current_row_ = -1;
  last_ = nullptr;
  return Ok();
}

Status JournalApplier::Metric(const journal::Record& record, const json::Value& body,
                              int64_t run_row) {
  std::string name = body.StringOr("name"), type = body.StringOr("type", "scalar");
  if (name.empty()) return Warn("A metric without a name was skipped.");
  std::optional<int64_t> step;
  if (body["step"].is_int()) step = body["step"].as_int();
  Gathered& to = SegmentOf(run_row, name, type, record.seq);
  auto number = type == "scalar" ? PlainNumber(body["value"]) : std::nullopt;
  if (number) {
    to.segment.AddNumber(record.wall_us, record.boot_us, step, *number, body["value"].is_int());
  } else {
    to.segment.AddJson(record.wall_us, record.boot_us, step, json::Write(body["value"]));
  }
  return Ok();
}

Status JournalApplier::Tag(const json::Value& body, int64_t run_row) {
  if (body["set"].is_object()) {
    for (const auto& [key, value] : body["set"].as_object()) {
      TRY(meta::SetTag(db_, run_row, key,
                       value.is_null() ? std::nullopt : std::optional(TextOf(value))));
    }
  }
  if (!body["remove"].is_array()) return Ok();
  for (const json::Value& key : body["remove"].as_array()) {
    if (key.is_string()) TRY(meta::RemoveTag(db_, run_row, key.as_string()));
  }
  return Ok();
}

Status JournalApplier::Property(const json::Value& body, int64_t run_row) {
  if (!body["set"].is_object()) return Ok();
  for (const auto& [key, value] : body["set"].as_object()) {
    Status added = meta::AddProperty(db_, run_row, key, TextOf(value));
    if (added) continue;
    if (added.error().code() != Code::kConflict) return added;
    TRY(meta::AddWarning(db_, run_row, "property", added.error().message()));
  }
  return Ok();
}

Status JournalApplier::Child(const journal::Record& record, const json::Value& body) {
  std::string id = body.StringOr("run_id"), parent_id = body.StringOr("parent_id", CurrentRun());
  if (!model::CheckRunId(id)) return Warn("A child run with the id '" + id + "' was skipped.");
  if (TRY(RowOf(parent_id)) == 0) return Ok();
  if (auto have = TRY(meta::FindRun(db_, id))) {
    if (have->parent_id == parent_id) return Ok();
    return Warn("Child run '" + id + "' was skipped: another run has that id.");
  }
  auto parent = TRY(meta::LoadRun(db_, parent_id));
  meta::RunRow child;
  child.id = id;
  child.workspace_id = parent.workspace_id;
  child.experiment_id = parent.experiment_id;
  child.experiment = parent.experiment;
  child.parent_id = parent_id;
  child.root_id = parent.root_id;
  child.display_name = body.StringOr("name");
  child.type = parent.type;
  child.target = parent.target;
  child.compute_row = 0;
  child.created_us = TimeOf(record);
  child.state.supervised = false;
  child.state.status = model::RunStatus::kRunning;
  child.state.start_us = TimeOf(record);
  TRY(meta::InsertRun(db_, child));
  rows_[id] = child.row;
  changed_[id] = true;
  json::Value tags = json::Object();
  tags.Set("set", body["tags"]);
  return Tag(tags, child.row);
}

Status JournalApplier::End(const journal::Record& record, const json::Value& body,
                           const std::string& run_id) {
  std::string status = body.StringOr("status");
  auto run = TRY(meta::LoadRun(db_, run_id));
  bool canceled = status == "Canceled" && !run.state.supervised;
  if (status != "Completed" && status != "Failed" && !canceled) {
    return Warn("An end with the status '" + status + "' was skipped.");
  }
  model::RunEvent event{.kind = model::EventKind::kDeclare, .now_us = now_us_};
  if (canceled) event.kind = model::EventKind::kCancel;
  event.time_us = TimeOf(record);
  event.value = json::Object();
  event.value.Set("status", status).Set("error", body["error"]);
  if (TRY(meta::ApplyToRun(db_, run, event))) changed_[run_id] = true;
  return Ok();
}

Result<int64_t> JournalApplier::RowOf(const std::string& run_id) {
  auto known = rows_.find(run_id);
  if (known != rows_.end()) return known->second;
  auto run = TRY(meta::FindRun(db_, run_id));
  bool below = false;
  for (std::string above = run ? run->parent_id : ""; !above.empty() && !below;) {
    below = above == home_.id;
    auto next = TRY(meta::FindRun(db_, above));
    above = next ? next->parent_id : "";
  }
  rows_[run_id] = below ? run->row : 0;
  if (!below) {
    TRY(Warn("Records for run '" + run_id + "' were skipped: it is not below " + home_.id + "."));
  }
  return rows_[run_id];
}

Status JournalApplier::Warn(const std::string& message) {
  return meta::AddWarning(db_, home_.row, "journal", message);
}

Status JournalApplier::Finish() {
  for (auto& [key, one] : gathered_) {
    TRY(meta::AddSegment(db_, one.run_row, one.name, one.type, writer_, one.first_seq,
                         one.segment));
    points_ += one.segment.count();
  }
  // After the run's end nothing else would pack it again.
  if (has_metrics_ && model::IsTerminal(home_.state.status))
    TRY(meta::QueuePacking(db_, home_.row));
  gathered_.clear();
  last_ = nullptr;
  if (unknown_ == 0) return Ok();
  return Warn(std::to_string(unknown_) + " records of writer " + writer_ +
              " are of a kind that this server does not know; skipped.");
}

std::vector<std::string> JournalApplier::changed() const {
  std::vector<std::string> ids;
  for (const auto& [id, yes] : changed_) ids.push_back(id);
  return ids;
}

}  // namespace rw::server
