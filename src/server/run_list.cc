#include "server/run_list.h"

#include <algorithm>
#include <bit>

#include "base/strings.h"
#include "model/run_status.h"

namespace rw::server {
namespace {

Error BadCursor(std::string_view why) {
  std::string message = "cursor: ";
  message += why;
  message += "; begin again without it";
  return Error(Code::kInvalidArgument, std::move(message), "cursor");
}

/// Same for the same order, and only then.
json::Value SortText(const model::RunSort& sort) {
  json::Array out;
  out.emplace_back(static_cast<int>(sort.field.kind));
  out.emplace_back(sort.field.name);
  out.emplace_back(sort.descending);
  return out;
}

json::Value ScalarJson(const db::Scalar& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr) return nullptr;
  // Bit for bit, infinities included.
  json::Value out = json::Object();
  return out.Set("bits", std::bit_cast<int64_t>(*number));
}

db::Scalar ScalarOf(const json::Value& value) {
  if (value.is_int()) return value.as_int();
  if (value.is_string()) return value.as_string();
  if (value["bits"].is_int()) return std::bit_cast<double>(value["bits"].as_int());
  return {};
}

Result<meta::RunPlace> ReadCursor(const std::string& text, const model::RunSort& sort) {
  meta::RunPlace place;
  if (sort == model::RunSort{}) {
    auto row = ParseInt(text);
    if (!row || *row < 0) return BadCursor("it is not one of this list's order");
    place.row = *row;
    return place;
  }
  auto bytes = HexDecode(text);
  auto value = json::Parse(bytes.value_or(""));
  bool whole = value && value->is_array() && value->as_array().size() == 4;
  if (!whole) return BadCursor("it is not one that this server gave");
  const json::Array& parts = value->as_array();
  if (parts[0] != SortText(sort)) return BadCursor("it belongs to a list in another order");
  if (!parts[1].is_bool() || !parts[3].is_int()) return BadCursor("it is damaged");
  return meta::RunPlace{parts[1].as_bool(), ScalarOf(parts[2]), parts[3].as_int()};
}

Status CheckStatuses(const std::vector<std::string>& statuses) {
  for (const std::string& status : statuses) {
    if (model::ParseRunStatus(status)) continue;
    return Error(Code::kInvalidArgument, "status '" + status + "' is not known", "status");
  }
  return Ok();
}

void ShowSortedBy(const model::RunSort& sort, meta::RunShow& show) {
  auto add = [&](std::vector<std::string>& names) {
    bool there = std::find(names.begin(), names.end(), sort.field.name) != names.end();
    if (!there) names.push_back(sort.field.name);
  };
  if (sort.field.is_metric()) add(show.metrics);
  if (sort.field.kind == model::RunFieldKind::kParam) add(show.params);
}

}  // namespace

Result<meta::RunSearch> ReadRunSearch(const Call& call, const std::string& portal) {
  meta::RunSearch search;
  search.workspace_id = call.Param("ws");
  search.experiment = call.request.Query("experiment");
  search.parent = call.request.Query("parent");
  search.type = call.request.Query("type");
  search.statuses = call.request.QueryAll("status");
  TRY(CheckStatuses(search.statuses));
  search.tags = call.request.QueryAll("tag");
  search.properties = call.request.QueryAll("property");
  search.text = call.request.Query("text").value_or("");
  search.filter = TRY(model::ParseRunFilter(call.request.Query("filter").value_or("")));
  search.sort = TRY(model::ParseRunSort(call.request.Query("sort").value_or("")));
  search.view = TRY(meta::ParseListView(call.request.Query("view").value_or("")));
  search.include_children = TRY(call.QueryBool("include_children", false));
  search.limit = TRY(call.QueryInt("limit", 100, 1, 1000));
  search.show = {portal, call.request.QueryAll("metric"), call.request.QueryAll("param")};
  ShowSortedBy(search.sort, search.show);
  if (auto cursor = call.request.Query("cursor"); cursor && !cursor->empty() && *cursor != "0") {
    search.after = TRY(ReadCursor(*cursor, search.sort));
  }
  return search;
}

std::string CursorOf(const meta::RunSearch& search, const meta::RunPlace& place) {
  if (search.sort == model::RunSort{}) return std::to_string(place.row);
  json::Array parts;
  parts.push_back(SortText(search.sort));
  parts.emplace_back(place.without_value);
  parts.push_back(ScalarJson(place.value));
  parts.emplace_back(place.row);
  return HexEncode(json::Write(std::move(parts)));
}

}  // namespace rw::server
