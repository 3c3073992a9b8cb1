// The meaning of journal records. One applier for one piece of one writer, inside one operation.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/record.h"
#include "meta/metric_segment.h"
#include "meta/run_row.h"
#include "server/journal_state.h"

namespace rw::server {

class JournalApplier {
 public:
  /// `home`: the run that the journal is shipped for; records may name it and the runs below it.
  JournalApplier(db::Connection& db, const meta::RunRow& home, const std::string& writer,
                 JournalState& state, int64_t now_us);

  /// An error is the database's; what a record gets wrong is a warning on the run.
  Status Apply(const journal::Record& record);
  /// Writes what was gathered: one segment a metric.
  Status Finish();

  std::vector<std::string> changed() const;
  bool has_metrics() const { return has_metrics_; }
  int64_t points() const { return points_; }

 private:
  struct Gathered {
    int64_t run_row;
    std::string name;
    std::string type;
    int64_t first_seq;
    meta::SegmentBuilder segment;
  };
  Status ApplyNumber(const journal::Record& record);
  Status ApplyJson(const journal::Record& record);
  Status Open(const journal::Record& record, const json::Value& body);
  /// When it happened, by the monotonic clock since the writer began.
  int64_t TimeOf(const journal::Record& record) const;
  Status Metric(const journal::Record& record, const json::Value& body, int64_t run_row);
  Status Tag(const json::Value& body, int64_t run_row);
  Status Property(const json::Value& body, int64_t run_row);
  Status Child(const journal::Record& record, const json::Value& body);
  Status End(const journal::Record& record, const json::Value& body, const std::string& run_id);
  Status SwitchRun(const json::Value& body);
  Status Warn(const std::string& message);

  /// Row of a run that records may name; 0, with a warning, for others.
  Result<int64_t> RowOf(const std::string& run_id);
  /// Writes one before its turn; it is gone then.
  Status Store(Gathered& one);
  Gathered& SegmentOf(int64_t run_row, std::string_view name, std::string_view type, uint64_t seq);
  const std::string& CurrentRun() const { return state_.run_id.empty() ? home_.id : state_.run_id; }

  db::Connection& db_;
  const meta::RunRow& home_;
  const std::string& writer_;
  JournalState& state_;
  int64_t now_us_;
  int64_t current_row_ = -1;  // of CurrentRun(); -1: not looked up yet
  std::unordered_map<std::string, int64_t> rows_;
  std::unordered_map<std::string, Gathered> gathered_;  // by run row + name
  std::string last_key_;
  Gathered* last_ = nullptr;
  std::map<std::string, bool> changed_;
  int64_t unknown_ = 0;
  bool has_metrics_ = false;
  int64_t points_ = 0;
};

}  // namespace rw::server
