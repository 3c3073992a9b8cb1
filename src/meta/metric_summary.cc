#include "meta/metric_summary.h"

#include <algorithm>
#include <cmath>

#include "meta/metric_segment.h"

namespace rw::meta {
namespace {

constexpr int64_t kToSummarise = 2;  // of `dirty`

std::optional<double> NumberAt(const db::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Double(column);
}

Result<int64_t> SeriesOf(db::Connection& db, int64_t run_row, std::string_view name) {
  auto run = TRY(db.Prepare("SELECT experiment_id FROM runs WHERE row = ?"));
  TRY(run.Bind(run_row).Step());
  std::string experiment = run.Text(0);
  auto have = TRY(db.Prepare("SELECT id FROM metric_series WHERE experiment_id = ? AND name = ?"));
  if (TRY(have.Bind(experiment).Bind(name).Step())) return have.Int(0);
  auto insert = TRY(db.Prepare("INSERT INTO metric_series (experiment_id, name) VALUES (?, ?)"));
  TRY(insert.Bind(experiment).Bind(name).Run());
  return db.last_insert_id();
}

Result<int64_t> Insert(db::Connection& db, int64_t run_row, std::string_view name,
                       std::string_view type, std::string_view writer, const MetricSummary& batch) {
  int64_t series = TRY(SeriesOf(db, run_row, name));
  auto insert = TRY(
      db.Prepare("INSERT INTO metrics (run_row, name, type, series, count, last, min, max, last_us,"
                 " last_writer, dirty, inserts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1)"));
  insert.Bind(run_row).Bind(name).Bind(type).Bind(series).Bind(batch.count).Bind(batch.last);
  insert.Bind(batch.min).Bind(batch.max).Bind(batch.last_us).Bind(writer);
  TRY(insert.Run());
  return db.last_insert_id();
}

std::optional<double> Least(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}
std::optional<double> Most(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

}  // namespace

void MetricSummary::AddNumber(int64_t wall_us, double value) {
  count++;
  last_us = wall_us;
  last.reset();
  if (std::isnan(value)) return;
  last = value;
  min = min ? std::min(*min, value) : value;
  max = max ? std::max(*max, value) : value;
}

void MetricSummary::AddOther(int64_t wall_us) {
  count++;
  last_us = wall_us;
  last.reset();
}

Result<NotedMetric> NoteMetric(db::Connection& db, int64_t run_row, std::string_view name,
                               std::string_view type, std::string_view writer,
                               const MetricSummary& batch) {
  auto have = TRY(
      db.Prepare("SELECT id, dirty, count, last, min, max, last_us, last_writer, sorted_last,"
                 " sorted_min, sorted_max, inserts FROM metrics WHERE run_row = ? AND name = ?"));
  if (!TRY(have.Bind(run_row).Bind(name).Step())) {
    return NotedMetric{TRY(Insert(db, run_row, name, type, writer, batch)), 0};
  }
  int64_t id = have.Int(0), dirty = have.Int(1), inserts = have.Int(11);
  if (dirty == kToSummarise) return NotedMetric{id, inserts};
  MetricSummary all{have.Int(2) + batch.count, NumberAt(have, 3),
                    Least(NumberAt(have, 4), batch.min), Most(NumberAt(have, 5), batch.max),
                    have.Int(6)};
  std::string last_writer = have.Text(7);
  if (last_writer == writer || batch.last_us >= all.last_us) {
    all.last = batch.last;
    all.last_us = batch.last_us;
    last_writer = writer;
  }
  bool sorted = all.last == NumberAt(have, 8) && all.min == NumberAt(have, 9) &&
                all.max == NumberAt(have, 10);
  auto update =
      TRY(db.Prepare("UPDATE metrics SET count = ?, last = ?, min = ?, max = ?, last_us = ?,"
                     " last_writer = ?, dirty = ?, inserts = inserts + 1 WHERE id = ?"));
  update.Bind(all.count).Bind(all.last).Bind(all.min).Bind(all.max).Bind(all.last_us);
  TRY(update.Bind(last_writer).Bind(int64_t{!sorted}).Bind(id).Run());
  return NotedMetric{id, inserts};
}

Result<MetricSummary> SummariseSegments(db::Connection& db, int64_t metric_id) {
  auto rows =
      TRY(db.Prepare("SELECT data FROM metric_segments WHERE metric_id = ?"
                     " ORDER BY last_us, writer, first_seq"));
  rows.Bind(metric_id);
  MetricSummary all;
  while (TRY(rows.Step())) {
    auto segment = Segment::Open(rows.View(0));
    if (!segment) continue;  // damaged: whoever reads its values is told so
    for (size_t i = 0; i < segment->count(); i++) {
      MetricPoint point = segment->Point(i);
      if (point.json.empty()) {
        all.AddNumber(point.wall_us, point.number);
      } else {
        all.AddOther(point.wall_us);
      }
    }
  }
  return all;
}

}  // namespace rw::meta
