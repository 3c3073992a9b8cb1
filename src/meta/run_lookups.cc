#include "meta/run_lookups.h"

#include <algorithm>
#include <numeric>

#include "json/text.h"

namespace rw::meta {
namespace {

/// Of most runs.
constexpr size_t kLookupBytes = 256;

/// The order of RunLookups' statements.
enum Table : size_t { kTags, kProperties, kWarnings, kLogFiles, kMetrics, kParams, kTables };
constexpr std::string_view kLookups[kTables] = {
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

Result<RunLookups> RunLookups::Open(db::Connection& db, const RunShow& show) {
  std::vector<db::Statement> tables;
  for (std::string_view sql : kLookups) tables.push_back(TRY(db.Prepare(sql)));
  return RunLookups(show, std::move(tables));
}

Status RunLookups::ReadOne(size_t table, int64_t run_row) {
  db::Statement& rows = tables_[table];
  switch (table) {
    case kTags:
      return AddPairs(rows, run_row, text_ += ",\"tags\":");
    case kProperties:
      return AddPairs(rows, run_row, text_ += ",\"properties\":");
    case kWarnings:
      return AddWarnings(rows, run_row, text_ += ",\"warnings\":");
    case kLogFiles:
      return AddLogFiles(rows, run_row, text_ += ",\"log_files\":");
    case kMetrics:
      if (show_->metrics.empty()) return Ok();
      return AddNamed(rows, run_row, show_->metrics, text_ += ",\"metrics\":", AddMetric);
    default:
      if (show_->params.empty()) return Ok();
      return AddNamed(rows, run_row, show_->params, text_ += ",\"params\":", AddParam);
  }
}

Status RunLookups::Read(const std::vector<int64_t>& rows) {
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows[a] < rows[b]; });
  text_.reserve(rows.size() * kLookupBytes);
  ranges_.assign(rows.size() * kTables, {});
  for (size_t table = 0; table < kTables; table++)
    for (size_t index : order) {
      size_t begin = text_.size();
      TRY(ReadOne(table, rows[index]));
      ranges_[index * kTables + table] = {begin, text_.size()};
    }
  return Ok();
}

void RunLookups::Append(size_t index, std::string& out) const {
  for (size_t table = 0; table < kTables; table++) {
    const Range& range = ranges_[index * kTables + table];
    out.append(text_, range.begin, range.end - range.begin);
  }
}

}  // namespace rw::meta
