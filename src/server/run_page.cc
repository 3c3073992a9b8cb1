#include "base/strings.h"
#include "meta/artifacts.h"
#include "meta/metric_segment.h"
#include "meta/run_row.h"
#include "server/pages.h"
#include "server/routes.h"

namespace rw::server {
namespace {

constexpr uint64_t kTailBytes = 32 << 10;
constexpr size_t kMostRows = 500;

std::string Cell(std::string_view text) { return "<td>" + EscapeHtml(text) + "</td>"; }

std::string Row(std::string_view name, std::string_view value) {
  return "<tr><th>" + EscapeHtml(name) + "</th>" + Cell(value) + "</tr>\n";
}

std::string TextOf(const json::Value& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.as_string() : json::Write(value);
}

std::string OrNone(const std::string& rows, const std::string& head = "") {
  return rows.empty() ? "<p class=\"quiet\">none</p>" : "<table>" + head + rows + "</table>";
}

std::string FactsOf(const json::Value& run) {
  std::string out;
  auto add = [&](const char* name, const char* key) {
    std::string text = TextOf(run[key]);
    if (!text.empty()) out += Row(name, text);
  };
  add("Run", "id");
  add("Experiment", "experiment");
  add("Target", "target");
  add("Script", "script");
  add("Command", "command");
  add("Arguments", "arguments");
  add("Created", "created_time");
  add("Started", "start_time");
  add("Ended", "end_time");
  add("Snapshot", "snapshot_id");
  add("Parent", "parent_id");
  return out;
}

std::string ErrorOf(const json::Value& error) {
  if (!error.is_object()) return {};
  std::string text = error.StringOr("message");
  for (const char* key : {"exception_message", "next_step"})
    if (!error.StringOr(key).empty() && text.find(error.StringOr(key)) == std::string::npos)
      text += "\n" + error.StringOr(key);
  if (error["last_lines"].is_array())
    for (const json::Value& line : error["last_lines"].as_array()) text += "\n  " + TextOf(line);
  return "<p class=\"error\">" + EscapeHtml(text) + "</p>";
}

std::string TagsOf(const json::Value& tags) {
  std::string rows;
  if (tags.is_object())
    for (const auto& [key, value] : tags.as_object()) rows += Row(key, TextOf(value));
  return OrNone(rows);
}

std::string WarningsOf(const json::Value& warnings) {
  std::string rows;
  if (warnings.is_array())
    for (const json::Value& warning : warnings.as_array())
      rows += Row(warning.StringOr("source"), warning.StringOr("message"));
  return rows.empty() ? "" : "<h2>Warnings</h2><table>" + rows + "</table>";
}

Result<std::string> LastValue(db::Connection& db, int64_t metric_id) {
  auto row =
      TRY(db.Prepare("SELECT data FROM metric_segments WHERE metric_id=?"
                     " ORDER BY last_us DESC, row DESC LIMIT 1"));
  row.Bind(metric_id);
  if (!TRY(row.Step())) return std::string();
  auto segment = meta::Segment::Open(row.View(0));
  if (!segment) return std::string("damaged");
  if (segment->count() == 0) return std::string();
  meta::MetricPoint last = segment->Point(segment->count() - 1);
  if (last.json.empty()) return TextOf(json::NumberOrName(last.number));
  return std::string(last.json.substr(0, 200));
}

Result<std::string> MetricsOf(db::Connection& db, int64_t run_row) {
  auto row =
      TRY(db.Prepare("SELECT m.id, m.name, m.type, (SELECT sum(count) FROM metric_segments s WHERE"
                     " s.metric_id=m.id) FROM metrics m WHERE run_row=? ORDER BY name LIMIT ?"));
  row.Bind(run_row).Bind(static_cast<int64_t>(kMostRows));
  std::string rows;
  while (TRY(row.Step()))
    rows += "<tr>" + Cell(row.Text(1)) + "<td class=\"number\">" +
            EscapeHtml(TRY(LastValue(db, row.Int(0)))) + "</td><td class=\"number\">" +
            std::to_string(row.Int(3)) + "</td></tr>\n";
  return OrNone(rows, "<tr><th>Name</th><th>Last value</th><th>Values</th></tr>\n");
}

std::string FilesOf(const std::string& run, const std::vector<meta::Artifact>& files) {
  std::string rows;
  for (size_t i = 0; i < files.size() && i < kMostRows; i++)
    rows += "<tr><td><a href=\"/api/v1/runs/" + PercentEncode(run) +
            "/artifacts/content?name=" + PercentEncode(files[i].name) + "\">" +
            EscapeHtml(files[i].name) + "</a></td><td class=\"number\">" +
            HumanBytes(static_cast<uint64_t>(files[i].size)) + "</td></tr>\n";
  if (files.size() > kMostRows) rows += Row("", std::to_string(files.size() - kMostRows) + " more");
  return OrNone(rows);
}

/// The log to show: the script's own where there is one.
const meta::Artifact* MainLog(const std::vector<meta::Artifact>& files) {
  const meta::Artifact* found = nullptr;
  for (const meta::Artifact& file : files) {
    if (!file.live()) continue;
    if (found == nullptr || file.name.find("70_driver_log") != std::string::npos) found = &file;
    if (found->name.find("70_driver_log") != std::string::npos) break;
  }
  return found;
}

/// The end of it, from the begin of a line on.
Result<std::string> Tail(ServerContext& context, const std::string& run,
                         const meta::Artifact& log) {
  auto size = static_cast<uint64_t>(log.size);
  uint64_t from = size > kTailBytes ? size - kTailBytes : 0;
  std::string bytes(size - from, '\0');
  auto file = TRY(context.fs.Open(context.paths.LogFile(run, log.log_number), os::OpenMode::kRead));
  bytes.resize(TRY(file->ReadAt(from, std::span(bytes.data(), bytes.size()))));
  if (from > 0) bytes.erase(0, bytes.find('\n') + 1);
  return Utf8Lossy(bytes);
}

Result<net::Response> RunPage(ServerContext& context, const std::string& id) {
  auto row = TRY(meta::LoadRun(context.read, id));
  json::Value run = TRY(meta::RunToJson(context.read, row, context.options.url));
  auto files = TRY(meta::ArtifactRepository(context.read).List(row.row, ""));
  const meta::Artifact* log = MainLog(files);
  std::string status = run.StringOr("status");
  std::string heading = row.display_name.empty()
                            ? row.experiment + " #" + std::to_string(row.number)
                            : row.display_name;
  return PageResponse(context.random, RunTemplate(),
                      {{"title", heading + ": " + status},
                       {"heading", heading},
                       {"run", id},
                       {"status", status},
                       {"ended", model::IsTerminal(row.state.status) ? "true" : "false"},
                       {"reason", run["reason"].StringOr("text")},
                       {"error", ErrorOf(run["error"])},
                       {"facts", FactsOf(run)},
                       {"metrics", TRY(MetricsOf(context.read, row.row))},
                       {"tags", TagsOf(run["tags"])},
                       {"warnings", WarningsOf(run["warnings"])},
                       {"files", FilesOf(id, files)},
                       {"log_name", log ? log->name : ""},
                       {"log_end", std::to_string(log ? log->size : 0)},
                       {"log_tail", log ? TRY(Tail(context, id, *log)) : ""}});
}

void ShowRun(ServerContext& context, const CallPtr& call) {
  const std::string& id = call->Param("run");
  if (call->principal.kind == Principal::Kind::kNone)
    return call->Answer(LoginPage(context.random, "/runs/" + PercentEncode(id), ""));
  Status allowed = context.auth.MayReadRun(call->principal, id);
  if (!allowed) return call->Fail(allowed.error());
  call->Answer(RunPage(context, id));
}

}  // namespace

void RegisterPageRoutes(Router& router, ServerContext& context) {
  router.Add(
      "GET", "/runs/{run}", [&](const CallPtr& call) { ShowRun(context, call); }, Access::kPublic);
}

}  // namespace rw::server
