#include "server/run_list.h"

#include "base/strings.h"

namespace rw::server {
namespace {

struct Query {
  std::string sql;
  std::vector<std::string> texts;

  void And(std::string_view condition, std::vector<std::string> values) {
    sql += " AND ";
    sql += condition;
    for (std::string& value : values) texts.push_back(std::move(value));
  }
};

std::string Marks(size_t count) {
  std::string marks;
  for (size_t i = 0; i < count; i++) marks += i == 0 ? "?" : ", ?";
  return marks;
}

void AndPair(Query& query, std::string_view table, const std::string& pair) {
  size_t equals = pair.find('=');
  std::string exists =
      "EXISTS (SELECT 1 FROM " + std::string(table) + " t WHERE t.run_row = runs.row AND t.key = ?";
  if (equals == std::string::npos) return query.And(exists + ")", {pair});
  query.And(exists + " AND t.value = ?)", {pair.substr(0, equals), pair.substr(equals + 1)});
}

Query MakeQuery(const RunFilter& filter) {
  Query query;
  query.sql = "SELECT " + std::string(meta::RunColumns()) + " FROM runs WHERE workspace_id = ?";
  query.texts = {filter.workspace_id};
  query.And(meta::ConditionOf(filter.view), {});
  if (filter.experiment) query.And("experiment = ?", {*filter.experiment});
  if (filter.type) query.And("type = ?", {*filter.type});
  if (filter.parent) {
    query.And("parent_id = ?", {*filter.parent});
  } else if (!filter.include_children) {
    query.And("parent_id IS NULL", {});
  }
  if (!filter.statuses.empty()) {
    query.And("status IN (" + Marks(filter.statuses.size()) + ")", filter.statuses);
  }
  for (const std::string& tag : filter.tags) AndPair(query, "run_tags", tag);
  for (const std::string& property : filter.properties) AndPair(query, "run_properties", property);
  if (filter.before_row > 0) query.sql += " AND row < " + std::to_string(filter.before_row);
  query.sql += " ORDER BY row DESC LIMIT " + std::to_string(filter.limit + 1);
  return query;
}

}  // namespace

Result<RunFilter> ReadRunFilter(const Call& call) {
  RunFilter filter;
  filter.workspace_id = call.Param("ws");
  filter.experiment = call.request.Query("experiment");
  filter.parent = call.request.Query("parent");
  filter.type = call.request.Query("type");
  filter.statuses = call.request.QueryAll("status");
  for (const std::string& status : filter.statuses) {
    if (model::ParseRunStatus(status)) continue;
    return Error(Code::kInvalidArgument, "status '" + status + "' is not known", "status");
  }
  filter.tags = call.request.QueryAll("tag");
  filter.properties = call.request.QueryAll("property");
  filter.view = TRY(meta::ParseListView(call.request.Query("view").value_or("")));
  filter.include_children = TRY(call.QueryBool("include_children", false));
  filter.limit = TRY(call.QueryInt("limit", 100, 1, 1000));
  filter.before_row = TRY(call.QueryInt("cursor", 0, 0, INT64_MAX));
  return filter;
}

Result<std::vector<meta::RunRow>> ListRuns(db::Connection& db, const RunFilter& filter) {
  Query query = MakeQuery(filter);
  auto rows = TRY(db.Prepare(query.sql));
  for (const std::string& text : query.texts) rows.Bind(text);
  std::vector<meta::RunRow> runs;
  while (TRY(rows.Step())) runs.push_back(meta::ReadRun(rows));
  return runs;
}

}  // namespace rw::server
