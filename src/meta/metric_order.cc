#include "meta/metric_order.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "meta/metric_summary.h"

namespace rw::meta {
namespace {

constexpr int64_t kToSummarise = 2;

struct Entry {
  int64_t key = 0;
  double value = 0;
  int64_t run_row = 0;
};

struct Moves {
  std::vector<Entry> gone;
  std::vector<Entry> come;
};

struct Metric {
  int64_t id = 0;
  int64_t run_row = 0;
  int64_t series = 0;
  int64_t dirty = 0;
  std::optional<double> now[3];
  std::optional<double> sorted[3];
};

std::optional<double> At(const db::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Double(column);
}

Result<std::vector<Metric>> Unsorted(db::Connection& db, int64_t most) {
  auto rows =
      TRY(db.Prepare("SELECT id, run_row, series, dirty, last, min, max, sorted_last, sorted_min,"
                     " sorted_max FROM metrics WHERE dirty > 0 ORDER BY id LIMIT ?"));
  rows.Bind(most);
  std::vector<Metric> metrics;
  while (TRY(rows.Step())) {
    Metric& m = metrics.emplace_back(Metric{rows.Int(0), rows.Int(1), rows.Int(2), rows.Int(3)});
    for (int i = 0; i < 3; i++) {
      m.now[i] = At(rows, 4 + i);
      m.sorted[i] = At(rows, 7 + i);
    }
  }
  return metrics;
}

/// A metric of a database from before there were summaries.
Status Summarise(db::Connection& db, Metric& m) {
  MetricSummary all = TRY(SummariseSegments(db, m.id));
  auto series = TRY(
      db.Prepare("INSERT INTO metric_series (experiment_id, name) SELECT r.experiment_id, m.name"
                 " FROM metrics m JOIN runs r ON r.row = m.run_row WHERE m.id = ?"
                 " ON CONFLICT (experiment_id, name) DO UPDATE SET name = excluded.name"
                 " RETURNING id"));
  if (TRY(series.Bind(m.id).Step())) m.series = series.Int(0);
  TRY(series.Run());
  m.now[0] = all.last;
  m.now[1] = all.min;
  m.now[2] = all.max;
  auto update =
      TRY(db.Prepare("UPDATE metrics SET series = ?, count = ?, last = ?, min = ?, max = ?,"
                     " last_us = ? WHERE id = ?"));
  update.Bind(m.series).Bind(all.count).Bind(all.last).Bind(all.min).Bind(all.max);
  return update.Bind(all.last_us).Bind(m.id).Run();
}

void Note(const Metric& m, Moves& moves) {
  for (int i = 0; i < 3; i++) {
    if (m.now[i] == m.sorted[i]) continue;
    int64_t key = m.series * 3 + i;
    if (m.sorted[i]) moves.gone.push_back({key, *m.sorted[i], m.run_row});
    if (m.now[i]) moves.come.push_back({key, *m.now[i], m.run_row});
  }
}

/// In the order of the table, so that neighbours are written while their page is at hand.
Status RunEach(db::Connection& db, std::vector<Entry>& entries, std::string_view sql) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.key, a.value, a.run_row) < std::tie(b.key, b.value, b.run_row);
  });
  auto statement = TRY(db.Prepare(sql));
  for (const Entry& entry : entries) {
    TRY(statement.Bind(entry.key).Bind(entry.value).Bind(entry.run_row).Run());
    statement.Reset();
  }
  return Ok();
}

}  // namespace

Result<bool> HasUnsortedMetrics(db::Connection& db) {
  auto row = TRY(db.Prepare("SELECT 1 FROM metrics WHERE dirty > 0 LIMIT 1"));
  return row.Step();
}

Result<bool> SortMetrics(db::Connection& db, int64_t most) {
  auto metrics = TRY(Unsorted(db, most));
  Moves moves;
  for (Metric& m : metrics) {
    if (m.dirty == kToSummarise) TRY(Summarise(db, m));
    Note(m, moves);
  }
  TRY(RunEach(db, moves.gone,
              "DELETE FROM metric_order WHERE key = ? AND value = ? AND run_row = ?"));
  TRY(RunEach(db, moves.come,
              "INSERT OR IGNORE INTO metric_order (key, value, run_row) VALUES (?, ?, ?)"));
  auto done =
      TRY(db.Prepare("UPDATE metrics SET dirty = 0, sorted_last = last, sorted_min = min,"
                     " sorted_max = max WHERE id = ?"));
  for (const Metric& m : metrics) {
    TRY(done.Bind(m.id).Run());
    done.Reset();
  }
  return static_cast<int64_t>(metrics.size()) == most;
}

}  // namespace rw::meta
