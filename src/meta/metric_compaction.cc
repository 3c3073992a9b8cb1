#include "meta/metric_compaction.h"

#include <algorithm>
#include <vector>

#include "meta/metric_segment.h"

namespace rw::meta {
namespace {

constexpr int64_t kMostBytes = 1 << 20;  // tables and lists are large with few points

Result<std::vector<std::string>> WritersWithMany(db::Connection& db, int64_t metric_id) {
  auto rows =
      TRY(db.Prepare("SELECT writer FROM metric_segments WHERE metric_id = ? GROUP BY writer"
                     " HAVING count(*) >= ?"));
  rows.Bind(metric_id).Bind(kCompactEvery / 4);
  std::vector<std::string> writers;
  while (TRY(rows.Step())) writers.push_back(rows.Text(0));
  return writers;
}

/// Rows of the newest segments that are worth one, newest first. An older one of some length is
/// taken only where the newer ones together are as long: so sizes double, and no point is rewritten
/// for each new one.
Result<std::vector<int64_t>> NewestSmall(db::Connection& db, int64_t metric_id,
                                         const std::string& writer) {
  auto rows =
      TRY(db.Prepare("SELECT row, count, length(data) FROM metric_segments"
                     " WHERE metric_id = ? AND writer = ?"
                     " ORDER BY first_seq DESC LIMIT 256"));
  rows.Bind(metric_id).Bind(writer);
  std::vector<int64_t> found;
  int64_t total = 0, bytes = 0;
  while (total < kLargeSegment && TRY(rows.Step())) {
    int64_t count = rows.Int(1);
    bytes += rows.Int(2);
    if (count >= kLargeSegment || bytes > kMostBytes) break;
    if (count > std::max(total, kCompactEvery)) break;
    found.push_back(rows.Int(0));
    total += count;
  }
  return found;
}

/// The points of all, oldest first; nothing where they cannot be one segment.
Result<std::optional<SegmentBuilder>> Merged(db::Connection& db,
                                             const std::vector<int64_t>& rows_old_first) {
  auto load = TRY(db.Prepare("SELECT data FROM metric_segments WHERE row = ?"));
  std::optional<SegmentBuilder> all;
  std::string boot_id;
  for (int64_t row : rows_old_first) {
    TRY(load.Bind(row).Step());
    auto segment = Segment::Open(load.View(0));
    load.Reset();
    if (!segment) return std::optional<SegmentBuilder>();
    if (!all) {
      boot_id = segment->boot_id();
      all.emplace(boot_id);
    }
    if (segment->boot_id() != boot_id) return std::optional<SegmentBuilder>();
    for (size_t i = 0; i < segment->count(); i++) all->Add(segment->Point(i));
  }
  return all;
}

Status CompactWriter(db::Connection& db, int64_t metric_id, const std::string& writer) {
  std::vector<int64_t> rows = TRY(NewestSmall(db, metric_id, writer));
  if (rows.size() < 2) return Ok();
  std::reverse(rows.begin(), rows.end());
  TRY(MergeSegments(db, rows));
  return Ok();
}

}  // namespace

Result<bool> MergeSegments(db::Connection& db, const std::vector<int64_t>& rows) {
  auto merged = TRY(Merged(db, rows));
  if (!merged) return false;
  auto keep =
      TRY(db.Prepare("UPDATE metric_segments SET count = ?, last_us = ?, data = ? WHERE row = ?"));
  keep.Bind(merged->count()).Bind(merged->last_us()).BindBlob(merged->Bytes()).Bind(rows[0]);
  TRY(keep.Run());
  auto drop = TRY(db.Prepare("DELETE FROM metric_segments WHERE row = ?"));
  for (size_t i = 1; i < rows.size(); i++) {
    TRY(drop.Bind(rows[i]).Run());
    drop.Reset();
  }
  return true;
}

Status CompactMetric(db::Connection& db, int64_t metric_id) {
  for (const std::string& writer : TRY(WritersWithMany(db, metric_id))) {
    TRY(CompactWriter(db, metric_id, writer));
  }
  return Ok();
}

}  // namespace rw::meta
