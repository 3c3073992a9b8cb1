// runwright env gc, env doctor.
#include "base/strings.h"
#include "cli/doctor.h"
#include "cli/env_commands.h"

namespace rw::cli {
namespace {

Result<keep::Health> HealthOf(const std::string& name) {
  for (keep::Health health :
       {keep::Health::kGood, keep::Health::kNote, keep::Health::kWarning, keep::Health::kError})
    if (keep::HealthName(health) == name) return health;
  return Error(Code::kInternal, "the server said a health of '" + name + "'");
}

}  // namespace

Result<int> CollectEnv(Context& context, const EnvOptions& options) {
  client::Api* api = TRY(context.Api());
  json::Value request;
  request.Set("only", "builds").Set("dry_run", options.dry_run);
  if (options.unused_days) request.Set("build_days", *options.unused_days);
  json::Value report = TRY(api->Post(client::ApiPath({"server", "gc"}), request));
  if (context.json()) {
    Print(json::WritePretty(report) + "\n");
    return 0;
  }
  std::vector<Row> rows;
  const char* gone = options.dry_run ? "would go" : "removed";
  for (const json::Value& build : report["builds"].as_array()) {
    bool removed = build.BoolOr("removed", false);
    const char* fate = removed ? gone : build.BoolOr("in_use", false) ? "in use" : "kept";
    rows.push_back({build.StringOr("build_id").substr(0, 12),
                    HumanBytes(static_cast<uint64_t>(build.IntOr("bytes", 0))),
                    LocalTime(build["last_used_time"]),
                    Cell(fate, removed ? Color::kYellow : Color::kNone)});
  }
  Print(
      context.terminal().Table({{"BUILD"}, {"SIZE", false, true}, {"LAST USED"}, {"FATE"}}, rows));
  const json::Value& removed = report["removed"]["builds"];
  int64_t count = removed.IntOr("count", 0);
  Print(std::to_string(count) + (count == 1 ? " build " : " builds ") + gone + ", " +
        HumanBytes(static_cast<uint64_t>(removed.IntOr("bytes", 0))) +
        "; a run that needs one builds it anew\n");
  return 0;
}

Result<int> ExamineEnv(Context& context, const EnvOptions& options) {
  client::Api* api = TRY(context.Api());
  json::Value report = TRY(api->Post(client::ApiPath({"builds", "examination"}),
                                     json::Value().Set("deep", options.deep)));
  Findings findings;
  for (const json::Value& one : report["findings"].as_array())
    AddFinding(findings, TRY(HealthOf(one.StringOr("health"))), one.StringOr("subject"),
               one.StringOr("text"), one.StringOr("fix"));
  return PrintFindings(context, findings);
}

}  // namespace rw::cli
