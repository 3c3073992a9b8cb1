#include "meta/metric_rows.h"

#include "meta/metric_compaction.h"

namespace rw::meta {

Status AddSegment(db::Connection& db, int64_t run_row, std::string_view name, std::string_view type,
                  std::string_view writer, int64_t first_seq, const SegmentBuilder& segment) {
  NotedMetric metric = TRY(NoteMetric(db, run_row, name, type, writer, segment.summary()));
  auto insert =
      TRY(db.Prepare("INSERT INTO metric_segments (run_row, metric_id, writer, first_seq, count, "
                     "first_us, last_us,"
                     " data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(run_row).Bind(metric.id).Bind(writer).Bind(first_seq).Bind(segment.count());
  insert.Bind(segment.first_us()).Bind(segment.last_us()).BindBlob(segment.Bytes());
  TRY(insert.Run());
  if ((metric.inserts + 1) % kCompactEvery != 0) return Ok();
  return CompactMetric(db, metric.id);
}

}  // namespace rw::meta
