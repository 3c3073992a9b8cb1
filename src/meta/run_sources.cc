#include "meta/run_sources.h"

namespace rw::meta {
namespace {

using model::RunFieldKind;

/// The newest first is the order of rows itself.
bool IsByRow(const model::RunSort& sort) {
  return sort.field.kind == RunFieldKind::kAttribute && sort.field.name == "created";
}

/// What a list is sorted by: tables to read, in this order, and the two columns of the order.
struct Order {
  std::string_view from;
  std::string_view key;  // condition with one mark; empty: none
  std::string_view value;
  std::string_view row;
};

Order OrderOf(const model::RunSort& sort) {
  switch (sort.field.kind) {
    case RunFieldKind::kMetricLast:
    case RunFieldKind::kMetricMin:
    case RunFieldKind::kMetricMax:
      return {"metric_order o CROSS JOIN runs ON runs.row = o.run_row", "o.key = ?", "o.value",
              "o.run_row"};
    case RunFieldKind::kParam:
      return {"run_params o CROSS JOIN runs ON runs.row = o.run_row", "o.key = ?", "o.sorted",
              "o.run_row"};
    case RunFieldKind::kTag:
      return {"run_tags o CROSS JOIN runs ON runs.row = o.run_row", "o.key = ?", "o.value",
              "o.run_row"};
    case RunFieldKind::kProperty:
      return {"run_properties o CROSS JOIN runs ON runs.row = o.run_row", "o.key = ?", "o.value",
              "o.run_row"};
    case RunFieldKind::kAttribute:
      break;
  }
  if (IsByRow(sort)) return {"runs", "", "runs.row", "runs.row"};
  return {"runs", "", AttributeSql(sort.field.name), "runs.row"};
}

Result<RunSource> Open(db::Connection& db, const Sql& sql) {
  auto rows = TRY(db.Prepare(sql.text));
  for (const db::Scalar& value : sql.values) rows.BindScalar(value);
  return RunSource(std::move(rows));
}

std::string Select(std::string_view value) {
  std::string select = "SELECT ";
  select += RunTextColumns();
  select += ", ";
  select += value;
  return select;
}

/// A page ends after search.limit, and one more tells of the next.
void AddLimit(Sql& sql, const RunSearch& search) {
  sql.Add(" LIMIT ").Add(std::to_string(search.limit + 1));
}

Sql Ordered(const RunSearch& search, const db::Scalar& key, const Sql& scope) {
  Order order = OrderOf(search.sort);
  std::string_view direction = search.sort.descending ? " DESC" : "";
  Sql sql;
  sql.Add(Select(order.value)).Add(" FROM ").Add(order.from).Add(" WHERE ");
  if (order.key.empty()) {
    sql.Add(order.value).Add(" IS NOT NULL");
  } else {
    sql.Add(order.key, key).Add(" AND ").Add(order.value).Add(" IS NOT NULL");
  }
  if (search.after && IsByRow(search.sort)) {
    sql.Add(search.sort.descending ? " AND runs.row < ?" : " AND runs.row > ?", search.after->row);
  } else if (search.after) {
    sql.Add(" AND (").Add(order.value).Add(", ").Add(order.row);
    sql.Add(search.sort.descending ? ") < (?," : ") > (?,", search.after->value);
    sql.Add(" ?)", search.after->row);
  }
  sql.Add(scope).Add(" ORDER BY ").Add(order.value).Add(direction);
  if (!IsByRow(search.sort)) sql.Add(", ").Add(order.row).Add(direction);
  AddLimit(sql, search);
  return sql;
}

Result<std::vector<int64_t>> SeriesNamed(db::Connection& db, const RunSearch& search,
                                         const std::string& experiment_id) {
  std::vector<int64_t> series;
  std::string_view one = "SELECT id FROM metric_series WHERE experiment_id = ? AND name = ?";
  std::string_view all =
      "SELECT s.id FROM experiments e CROSS JOIN metric_series s ON s.experiment_id = e.id"
      " WHERE e.workspace_id = ? AND s.name = ?";
  auto rows = TRY(db.Prepare(search.experiment ? one : all));
  rows.Bind(search.experiment ? experiment_id : search.workspace_id).Bind(search.sort.field.name);
  while (TRY(rows.Step())) series.push_back(rows.Int(0));
  return series;
}

/// A condition that holds for runs without the value.
void AddAbsence(Sql& sql, const model::RunSort& sort) {
  Order order = OrderOf(sort);
  if (order.key.empty()) {
    sql.Add(order.value).Add(" IS NULL");
    return;
  }
  sql.Add("NOT EXISTS (SELECT 1 FROM ");
  if (sort.field.is_metric()) {
    sql.Add("metrics a WHERE a.run_row = runs.row AND a.name = ?", sort.field.name);
    sql.Add(" AND a.").Add(MetricColumn(sort.field.kind)).Add(" IS NOT NULL)");
    return;
  }
  std::string_view table = order.from.substr(0, order.from.find(' '));
  sql.Add(table).Add(" a WHERE a.run_row = runs.row AND a.key = ?", sort.field.name);
  sql.Add(" AND a.value IS NOT NULL)");
}

Result<int64_t> Count(db::Connection& db, std::string_view sql, const db::Scalar& key) {
  auto rows = TRY(db.Prepare(sql));
  rows.BindScalar(key);
  TRY(rows.Step());
  return rows.Int(0);
}

/// Every run of the experiment has the metric that the list is sorted by. Two counts over indexes,
/// where the search for those without it would look each run up.
Result<bool> AllHaveIt(db::Connection& db, const RunSearch& search,
                       const std::string& experiment_id) {
  if (!search.sort.field.is_metric() || !search.experiment) return false;
  auto series = TRY(SeriesNamed(db, search, experiment_id));
  if (series.size() != 1) return false;
  int64_t key = series[0] * 3 + MetricKey(search.sort.field.kind);
  int64_t with = TRY(Count(db, "SELECT count(*) FROM metric_order WHERE key = ?", key));
  return with == TRY(Count(db, "SELECT count(*) FROM runs WHERE experiment_id = ?", experiment_id));
}

}  // namespace

Result<bool> RunSource::Next() {
  if (!TRY(rows_.Step())) return false;
  value_ = rows_.At(kRunTextColumns);
  return true;
}

Result<std::deque<RunSource>> SourcesWithValue(db::Connection& db, const RunSearch& search,
                                               const std::string& experiment_id, const Sql& scope) {
  std::deque<RunSource> sources;
  if (!search.sort.field.is_metric()) {
    sources.push_back(TRY(Open(db, Ordered(search, search.sort.field.name, scope))));
    return sources;
  }
  for (int64_t series : TRY(SeriesNamed(db, search, experiment_id))) {
    int64_t key = series * 3 + MetricKey(search.sort.field.kind);
    sources.push_back(TRY(Open(db, Ordered(search, key, scope))));
  }
  return sources;
}

Result<std::deque<RunSource>> SourcesWithoutValue(db::Connection& db, const RunSearch& search,
                                                  const std::string& experiment_id,
                                                  const Sql& scope) {
  std::deque<RunSource> sources;
  if (IsByRow(search.sort) || TRY(AllHaveIt(db, search, experiment_id))) return sources;
  Sql sql;
  sql.Add(Select("NULL")).Add(" FROM runs WHERE ");
  AddAbsence(sql, search.sort);
  if (search.after && search.after->without_value) {
    sql.Add(" AND runs.row < ?", search.after->row);
  }
  sql.Add(scope).Add(" ORDER BY runs.row DESC");
  AddLimit(sql, search);
  sources.push_back(TRY(Open(db, sql)));
  return sources;
}

}  // namespace rw::meta
