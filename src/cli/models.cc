// runwright models …
#include "base/strings.h"
#include "cas/digest.h"
#include "cli/commands.h"
#include "cli/upload.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {

struct NameVersion {
  std::string name;
  int64_t version = 0;
};

Result<NameVersion> Split(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return NameVersion{text, 0};
  auto version = ParseInt(std::string_view(text).substr(colon + 1));
  if (!version || *version < 1)
    return Error(Code::kInvalidArgument,
                 "'" + text + "' must be NAME or NAME:VERSION, e.g. digits:3", "name");
  return NameVersion{text.substr(0, colon), *version};
}

uint64_t SizeOf(const json::Value& model) {
  uint64_t total = 0;
  if (model["files"].is_array())
    for (const json::Value& file : model["files"].as_array())
      total += static_cast<uint64_t>(file.IntOr("size", 0));
  return total;
}

Result<int> ListModels(Context& context, const ModelsOptions& o) {
  client::Api* api = TRY(context.Api());
  client::Query query;
  if (!o.name.empty()) query.emplace_back("name", o.name);
  if (!o.run.empty()) query.emplace_back("run", o.run);
  if (o.latest) query.emplace_back("latest", "true");
  json::Array models = TRY(api->ListModels(TRY(context.WorkspaceId()), query));
  if (context.json()) {
    Print(json::WritePretty(json::Value(std::move(models))) + "\n");
    return 0;
  }
  std::vector<Row> rows;
  for (const json::Value& model : models)
    rows.push_back({model.StringOr("name"), std::to_string(model.IntOr("version", 0)),
                    model.StringOr("framework"), model.StringOr("run_id"),
                    LocalTime(model["created_time"]), model.StringOr("description")});
  Print(context.terminal().Table({{"MODEL"},
                                  {"VERSION", false, true},
                                  {"FRAMEWORK"},
                                  {"RUN"},
                                  {"CREATED"},
                                  {"DESCRIPTION", true}},
                                 rows));
  return 0;
}

int Show(Context& context, const json::Value& model) {
  if (context.json()) {
    Print(json::WritePretty(model) + "\n");
    return 0;
  }
  Print(model.StringOr("name") + ":" + std::to_string(model.IntOr("version", 0)) + "  " +
        LocalTime(model["created_time"]) + "  " + HumanBytes(SizeOf(model)) + "\n");
  if (!model.StringOr("run_id").empty()) Print("from run " + model.StringOr("run_id") + "\n");
  if (!model.StringOr("framework").empty())
    Print(model.StringOr("framework") + " " + model.StringOr("framework_version") + "\n");
  if (!model.StringOr("description").empty()) Print(model.StringOr("description") + "\n");
  if (!model["files"].is_array()) return 0;
  for (const json::Value& file : model["files"].as_array())
    Print("  " + file.StringOr("path") + "  " +
          HumanBytes(static_cast<uint64_t>(file.IntOr("size", 0))) + "\n");
  return 0;
}

Result<int> Register(Context& context, const ModelsOptions& o) {
  client::Api* api = TRY(context.Api());
  std::string ws = TRY(context.WorkspaceId());
  json::Value body;
  body.Set("name", o.name).Set("tags", TRY(Pairs(o.tags, "--tag")));
  if (!o.description.empty()) body.Set("description", o.description);
  if (!o.run.empty()) {
    body.Set("run_id", o.run).Set("model_path", o.path);
  } else {
    body.Set("files", TRY(UploadFiles(context, *api, context.here().Absolute(o.path))));
  }
  return Show(context, TRY(api->RegisterModel(ws, body)));
}

Result<int> DownloadModel(Context& context, const ModelsOptions& o) {
  client::Api* api = TRY(context.Api());
  std::string ws = TRY(context.WorkspaceId());
  NameVersion wanted = TRY(Split(o.name));
  json::Value model = TRY(api->Model(ws, wanted.name, wanted.version));
  int64_t version = model.IntOr("version", 0);
  json::Array done;
  if (!model["files"].is_array()) return Error(Code::kInternal, "the server answered no files");
  for (const json::Value& file : model["files"].as_array()) {
    std::string path = TRY(os::CleanRelativePath(file.StringOr("path"), "path"));
    std::string to = os::JoinPath(context.here().Absolute(o.output), path);
    TRY(api->DownloadModelFile(ws, wanted.name, version, path, to));
    if (!context.json()) Print(to + "\n");
    done.push_back(to);
  }
  if (context.json()) Print(json::WritePretty(json::Value(std::move(done))) + "\n");
  return 0;
}
}  // namespace

Result<int> Models(Context& context, const ModelsOptions& options) {
  if (options.action == ModelsAction::kList) return ListModels(context, options);
  if (options.action == ModelsAction::kRegister) return Register(context, options);
  if (options.action == ModelsAction::kDownload) return DownloadModel(context, options);
  client::Api* api = TRY(context.Api());
  NameVersion wanted = TRY(Split(options.name));
  return Show(context, TRY(api->Model(TRY(context.WorkspaceId()), wanted.name, wanted.version)));
}

}  // namespace rw::cli
