// Private to the schema: what lists of runs are searched and sorted by.
#pragma once

#include <string_view>

namespace rw::meta {

inline constexpr std::string_view kQuerySchema = R"sql(
-- A name of metrics in one experiment: what a list is sorted by.
CREATE TABLE metric_series (
  id INTEGER PRIMARY KEY, experiment_id TEXT NOT NULL, name TEXT NOT NULL,
  UNIQUE (experiment_id, name));

-- last, min, max: of the numbers; NULL where there is none (last: the last value is NaN or no
-- number; min and max pass over NaN). sorted_*: what metric_order holds of them. dirty: 1 where
-- that is behind, 2 where the summary has to be made from the segments first.
ALTER TABLE metrics ADD COLUMN series INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics ADD COLUMN count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics ADD COLUMN last REAL;
ALTER TABLE metrics ADD COLUMN min REAL;
ALTER TABLE metrics ADD COLUMN max REAL;
ALTER TABLE metrics ADD COLUMN last_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics ADD COLUMN last_writer TEXT NOT NULL DEFAULT '';
ALTER TABLE metrics ADD COLUMN sorted_last REAL;
ALTER TABLE metrics ADD COLUMN sorted_min REAL;
ALTER TABLE metrics ADD COLUMN sorted_max REAL;
ALTER TABLE metrics ADD COLUMN dirty INTEGER NOT NULL DEFAULT 0;
CREATE INDEX metrics_dirty ON metrics (id) WHERE dirty > 0;
UPDATE metrics SET dirty = 2;

-- key: series * 3, + 0 for last, + 1 for min, + 2 for max. Behind `metrics` by what is dirty.
CREATE TABLE metric_order (
  key INTEGER NOT NULL, value REAL NOT NULL, run_row INTEGER NOT NULL,
  PRIMARY KEY (key, value, run_row)) WITHOUT ROWID;
CREATE TRIGGER metrics_deleted AFTER DELETE ON metrics BEGIN
  DELETE FROM metric_order WHERE key = old.series * 3 AND value = old.sorted_last
    AND run_row = old.run_row;
  DELETE FROM metric_order WHERE key = old.series * 3 + 1 AND value = old.sorted_min
    AND run_row = old.run_row;
  DELETE FROM metric_order WHERE key = old.series * 3 + 2 AND value = old.sorted_max
    AND run_row = old.run_row;
END;

-- sorted: the value as a number where it is one (NUMERIC affinity), which sorts before any text.
CREATE TABLE run_params (
  run_row INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, sorted NUMERIC NOT NULL,
  PRIMARY KEY (run_row, key)) WITHOUT ROWID;
CREATE INDEX run_params_by_key ON run_params (key, sorted, run_row);
CREATE TRIGGER runs_deleted_params AFTER DELETE ON runs BEGIN
  DELETE FROM run_params WHERE run_row = old.row;
END;
-- Of runs from before: `--name value` and `--name=value`.
INSERT OR REPLACE INTO run_params (run_row, key, value, sorted)
  SELECT r.row, substr(a.value, 3), b.value, b.value
  FROM runs r, json_each(r.spec_json, '$.arguments') a, json_each(r.spec_json, '$.arguments') b
  WHERE b.key = a.key + 1 AND a.value GLOB '--?*' AND instr(a.value, '=') = 0
    AND b.value NOT GLOB '--*' AND length(a.value) <= 202 AND length(b.value) <= 1000;
INSERT OR REPLACE INTO run_params (run_row, key, value, sorted)
  SELECT r.row, substr(a.value, 3, instr(a.value, '=') - 3),
    substr(a.value, instr(a.value, '=') + 1), substr(a.value, instr(a.value, '=') + 1)
  FROM runs r, json_each(r.spec_json, '$.arguments') a
  WHERE a.value GLOB '--?*=*' AND length(a.value) <= 1000;
)sql";

/// inserts: segments that were added, in all; every so many they are merged.
inline constexpr std::string_view kCompactionSchema = R"sql(
ALTER TABLE metrics ADD COLUMN inserts INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace rw::meta
