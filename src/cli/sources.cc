// runwright sources.
#include "base/strings.h"
#include "cli/commands.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {

constexpr char kPath[] = "/api/v1/server/sources";

json::Value OneRule(const SourcesOptions& options, const Context& context) {
  json::Value rule = json::Object{{"prefix", options.prefix}};
  if (options.to.find("://") != std::string::npos) return rule.Set("mirror", options.to);
  return rule.Set("folder", context.here().Absolute(options.to));
}

/// Folders that are not absolute are beside the file.
Result<json::Value> RulesOf(const std::string& path) {
  json::Value file = TRY(json::Parse(TRY(os::ReadFile(os::PosixFileSystem(), path, 16 << 20))));
  if (!file["rules"].is_array())
    return Error(Code::kInvalidArgument, path + R"( holds no {"rules": [...]})", "from");
  json::Value rules = json::Array();
  for (json::Value rule : file["rules"].as_array()) {
    std::string folder = rule.StringOr("folder");
    if (!folder.empty() && folder[0] != '/') rule.Set("folder", os::DirName(path) + "/" + folder);
    rules.Append(std::move(rule));
  }
  return rules;
}

Result<json::Value> Add(Context& context, client::Api& api, const SourcesOptions& options) {
  if (options.from.empty() && options.prefix.empty())
    return Error(Code::kInvalidArgument, "sources add takes PREFIX and FOLDER, or --from FILE",
                 "prefix");
  json::Value rules = json::Array();
  if (options.from.empty()) {
    rules.Append(OneRule(options, context));
  } else {
    rules = TRY(RulesOf(context.here().Absolute(options.from)));
  }
  return api.Post(kPath, json::Object{{"rules", std::move(rules)}});
}

void Show(Context& context, const json::Value& items) {
  std::vector<Row> rows;
  for (const json::Value& rule : items.as_array())
    rows.push_back({rule.StringOr("prefix"), rule.StringOr("folder") + rule.StringOr("mirror")});
  Print(context.terminal().Table({{"PREFIX"}, {"COMES FROM"}}, rows));
}

}  // namespace

Result<int> Sources(Context& context, const SourcesOptions& options) {
  client::Api* api = TRY(context.Api());
  json::Value answer;
  if (options.action == SourcesAction::kRemove) {
    answer = TRY(api->Call("DELETE", kPath, {{"prefix", options.prefix}}));
  } else if (options.action == SourcesAction::kAdd) {
    answer = TRY(Add(context, *api, options))["items"];
  } else {
    answer = TRY(api->Get(kPath))["items"];
  }
  if (context.json()) {
    Print(json::WritePretty(answer) + "\n");
  } else if (answer.is_array()) {
    Show(context, answer);
  }
  return 0;
}

}  // namespace rw::cli
