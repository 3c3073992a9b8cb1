#include "meta/metric_packing.h"

#include <optional>
#include <string>
#include <vector>

#include "meta/metric_compaction.h"

namespace rw::meta {
namespace {

// Of one step. Between two steps other writes have their turn.
constexpr int64_t kMostMetrics = 64;
constexpr int64_t kMostPoints = 32'768;
constexpr int64_t kMostBytes = 2 << 20;
// Of one segment that is made.
constexpr int64_t kSegmentBytes = 1 << 20;

struct Work {
  int64_t points = 0;
  int64_t bytes = 0;
  bool enough() const { return points >= kMostPoints || bytes >= kMostBytes; }
};

struct Group {
  std::vector<int64_t> rows;
  int64_t points = 0;
  int64_t bytes = 0;
};

/// Neighbours of one writer that fit into one segment, where that saves any.
Result<std::vector<Group>> GroupsOf(db::Connection& db, int64_t metric_id) {
  auto rows =
      TRY(db.Prepare("SELECT row, writer, count, length(data) FROM metric_segments"
                     " WHERE metric_id = ? ORDER BY writer, first_seq"));
  rows.Bind(metric_id);
  std::vector<Group> all;
  std::string writer;
  while (TRY(rows.Step())) {
    int64_t count = rows.Int(2), size = rows.Int(3);
    bool fits = !all.empty() && rows.Text(1) == writer &&
                all.back().points + count <= kLargeSegment &&
                all.back().bytes + size <= kSegmentBytes;
    if (!fits) all.emplace_back();
    writer = rows.Text(1);
    all.back().rows.push_back(rows.Int(0));
    all.back().points += count;
    all.back().bytes += size;
  }
  std::erase_if(all, [](const Group& group) { return group.rows.size() < 2; });
  return all;
}

/// False where the step's work was over before the metric's.
Result<bool> PackMetric(db::Connection& db, int64_t metric_id, Work& work) {
  for (const Group& group : TRY(GroupsOf(db, metric_id))) {
    if (work.enough()) return false;
    // What cannot be merged is left, and is no reason to come back to this metric.
    if (!TRY(MergeSegments(db, group.rows))) continue;
    work.points += group.points;
    work.bytes += group.bytes;
  }
  return true;
}

struct Due {
  int64_t run_row = 0;
  std::string after_name;
};

Result<std::optional<Due>> FirstDue(db::Connection& db) {
  auto row = TRY(db.Prepare("SELECT run_row, after_name FROM runs_to_pack LIMIT 1"));
  if (!TRY(row.Step())) return std::optional<Due>();
  return std::optional<Due>({row.Int(0), row.Text(1)});
}

struct Metric {
  int64_t id = 0;
  std::string name;
};

/// Metrics of one segment are passed over.
Result<std::vector<Metric>> NextMetrics(db::Connection& db, const Due& due) {
  auto rows =
      TRY(db.Prepare("SELECT id, name FROM metrics WHERE run_row = ? AND name > ? AND inserts <> 1"
                     " ORDER BY name LIMIT ?"));
  rows.Bind(due.run_row).Bind(due.after_name).Bind(kMostMetrics);
  std::vector<Metric> out;
  while (TRY(rows.Step())) out.push_back({rows.Int(0), rows.Text(1)});
  return out;
}

}  // namespace

Status QueuePacking(db::Connection& db, int64_t run_row) {
  auto put = TRY(db.Prepare("INSERT OR REPLACE INTO runs_to_pack (run_row) VALUES (?)"));
  return put.Bind(run_row).Run();
}

Result<bool> IsPackingDue(db::Connection& db) { return TRY(FirstDue(db)).has_value(); }

Result<bool> PackSome(db::Connection& db) {
  auto due = TRY(FirstDue(db));
  if (!due) return false;
  Work work;
  std::vector<Metric> metrics = TRY(NextMetrics(db, *due));
  for (const Metric& metric : metrics) {
    if (!TRY(PackMetric(db, metric.id, work))) break;
    due->after_name = metric.name;
  }
  bool more = work.enough() || metrics.size() == static_cast<size_t>(kMostMetrics);
  auto note = TRY(db.Prepare(more ? "UPDATE runs_to_pack SET after_name = ?2 WHERE run_row = ?1"
                                  : "DELETE FROM runs_to_pack WHERE run_row = ?1"));
  note.Bind(due->run_row);
  if (more) note.Bind(due->after_name);
  TRY(note.Run());
  return IsPackingDue(db);
}

}  // namespace rw::meta
