#include "meta/run_search_sql.h"

#include "base/strings.h"

namespace rw::meta {
namespace {

using model::CompareOp;
using model::RunCondition;
using model::RunField;
using model::RunFieldKind;
using model::RunLiteral;

std::string_view OperatorSql(CompareOp op) {
  switch (op) {
    case CompareOp::kNotEqual:
      return " <> ";
    case CompareOp::kLess:
      return " < ";
    case CompareOp::kLessEqual:
      return " <= ";
    case CompareOp::kGreater:
      return " > ";
    case CompareOp::kGreaterEqual:
      return " >= ";
    default:
      return " = ";
  }
}

/// `left` op value. A number is compared with numbers only: SQLite applies the affinity of the CAST
/// to a text that is one, and every other text is larger than infinity.
void AddCompare(Sql& sql, std::string_view left, CompareOp op, const RunLiteral& value) {
  if (op == CompareOp::kContains) {
    sql.Add("instr(lower(").Add(left).Add("), ?) > 0", Lower(value.text));
    return;
  }
  sql.Add("(").Add(left).Add(OperatorSql(op));
  if (!value.number) {
    sql.Add("?)", value.text);
    return;
  }
  sql.Add("CAST(? AS REAL)", *value.number);
  sql.Add(" AND ").Add(left).Add(" <= CAST(9e999 AS REAL))");
}

/// What is compared, and with what it is found.
struct Place {
  std::string_view table;  // empty: `runs` itself
  std::string_view key;
  std::string_view value;  // as text
  std::string_view number;
};

Place PlaceOf(const RunField& field) {
  switch (field.kind) {
    case RunFieldKind::kMetricLast:
      return {"metrics", "f.name", "f.last", "f.last"};
    case RunFieldKind::kMetricMin:
      return {"metrics", "f.name", "f.min", "f.min"};
    case RunFieldKind::kMetricMax:
      return {"metrics", "f.name", "f.max", "f.max"};
    case RunFieldKind::kParam:
      return {"run_params", "f.key", "f.value", "f.sorted"};
    case RunFieldKind::kTag:
      return {"run_tags", "f.key", "f.value", "f.value"};
    case RunFieldKind::kProperty:
      return {"run_properties", "f.key", "f.value", "f.value"};
    case RunFieldKind::kAttribute:
      break;
  }
  std::string_view attribute = AttributeSql(field.name);
  return {"", "", attribute, attribute};
}

void AddComparison(Sql& sql, const RunCondition& c) {
  Place place = PlaceOf(c.field);
  bool own = place.table.empty();
  if (!own) {
    sql.Add("EXISTS (SELECT 1 FROM ").Add(place.table).Add(" f WHERE f.run_row = runs.row AND ");
    sql.Add(place.key).Add(" = ?", c.field.name);
  }
  if (c.op == CompareOp::kExists) {
    sql.Add(own ? place.value : "").Add(own ? " IS NOT NULL" : ")");
    return;
  }
  sql.Add(own ? "coalesce((" : " AND (");
  for (size_t i = 0; i < c.values.size(); i++) {
    const RunLiteral& value = c.values[i];
    if (i > 0) sql.Add(" OR ");
    CompareOp op = c.op == CompareOp::kIn ? CompareOp::kEqual : c.op;
    AddCompare(sql, value.number ? place.number : place.value, op, value);
  }
  // NULL would make NOT of it NULL too: what is not there is not equal.
  sql.Add(own ? "), 0)" : "))");
}

void AddCondition(Sql& sql, const RunCondition& c) {
  switch (c.kind) {
    case RunCondition::Kind::kCompare:
      return AddComparison(sql, c);
    case RunCondition::Kind::kNot:
      sql.Add("NOT (");
      AddCondition(sql, c.parts[0]);
      sql.Add(")");
      return;
    case RunCondition::Kind::kAnd:
    case RunCondition::Kind::kOr:
      break;
  }
  if (c.parts.empty()) {
    sql.Add("1");
    return;
  }
  for (size_t i = 0; i < c.parts.size(); i++) {
    if (i > 0) sql.Add(c.kind == RunCondition::Kind::kOr ? " OR " : " AND ");
    sql.Add("(");
    AddCondition(sql, c.parts[i]);
    sql.Add(")");
  }
}

void AddPair(Sql& sql, std::string_view table, const std::string& pair) {
  size_t equals = pair.find('=');
  sql.Add(" AND EXISTS (SELECT 1 FROM ").Add(table);
  sql.Add(" f WHERE f.run_row = runs.row AND f.key = ?", pair.substr(0, equals));
  if (equals != std::string::npos) sql.Add(" AND f.value = ?", pair.substr(equals + 1));
  sql.Add(")");
}

void AddText(Sql& sql, const std::string& text) {
  std::string lower = Lower(text);
  sql.Add(" AND (instr(lower(runs.id), ?) > 0", lower);
  sql.Add(" OR instr(lower(runs.display_name), ?) > 0", lower);
  sql.Add(" OR instr(lower(runs.experiment), ?) > 0", lower);
  sql.Add(" OR EXISTS (SELECT 1 FROM run_tags f WHERE f.run_row = runs.row AND");
  sql.Add(" (instr(lower(f.key), ?) > 0", lower);
  sql.Add(" OR instr(lower(coalesce(f.value, '')), ?) > 0)))", lower);
}

void AddStatuses(Sql& sql, const std::vector<std::string>& statuses) {
  if (statuses.empty()) return;
  for (size_t i = 0; i < statuses.size(); i++) {
    sql.Add(i == 0 ? " AND runs.status IN (?" : ", ?", statuses[i]);
  }
  sql.Add(")");
}

}  // namespace

Sql& Sql::Add(const Sql& more) {
  values.insert(values.end(), more.values.begin(), more.values.end());
  return Add(more.text);
}

std::string_view AttributeSql(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {"id", "runs.id"},
      {"name", "runs.display_name"},
      {"number", "runs.number"},
      {"status", "runs.status"},
      {"experiment", "runs.experiment"},
      {"type", "runs.type"},
      {"target", "runs.target"},
      {"parent", "runs.parent_id"},
      {"created", "runs.created_us"},
      {"started", "runs.start_us"},
      {"ended", "runs.end_us"},
      {"duration", "((runs.end_us - runs.start_us) / 1e6)"},
  };
  for (const auto& [known, sql] : kKnown)
    if (known == name) return sql;
  CHECK(!"no such attribute of runs");
  __builtin_unreachable();
}

std::string_view MetricColumn(model::RunFieldKind kind) {
  if (kind == RunFieldKind::kMetricMin) return "min";
  return kind == RunFieldKind::kMetricMax ? "max" : "last";
}
int64_t MetricKey(model::RunFieldKind kind) {
  if (kind == RunFieldKind::kMetricMin) return 1;
  return kind == RunFieldKind::kMetricMax ? 2 : 0;
}

Sql ScopeOf(const RunSearch& search, const std::string& experiment_id) {
  Sql sql;
  sql.Add(" AND ").Add(ConditionOf(search.view));
  if (search.parent) {
    sql.Add(" AND runs.parent_id = ?", *search.parent);
    sql.Add(" AND +runs.workspace_id = ?", search.workspace_id);
    if (search.experiment) sql.Add(" AND +runs.experiment_id = ?", experiment_id);
  } else {
    if (search.experiment) {
      sql.Add(" AND runs.experiment_id = ?", experiment_id);
    } else {
      sql.Add(" AND runs.workspace_id = ?", search.workspace_id);
    }
    if (!search.include_children) sql.Add(" AND +runs.parent_id IS NULL");
  }
  if (search.type) sql.Add(" AND runs.type = ?", *search.type);
  AddStatuses(sql, search.statuses);
  for (const std::string& tag : search.tags) AddPair(sql, "run_tags", tag);
  for (const std::string& property : search.properties) AddPair(sql, "run_properties", property);
  if (!search.text.empty()) AddText(sql, search.text);
  if (search.filter.kind == RunCondition::Kind::kAnd && search.filter.parts.empty()) return sql;
  sql.Add(" AND (");
  AddCondition(sql, search.filter);
  return sql.Add(")");
}

}  // namespace rw::meta
