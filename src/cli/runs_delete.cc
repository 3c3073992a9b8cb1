// runwright runs delete, restore, archive.
#include "cli/run_files.h"

namespace rw::cli {

Result<int> ChangeRuns(Context& context, const RunsOptions& options) {
  client::Api* api = TRY(context.Api());
  const bool deletes = options.action == RunsAction::kDelete;
  const bool restores = options.action == RunsAction::kRestore;
  const char* archive = options.undo ? "unarchive" : "archive";
  json::Array out;
  for (const std::string& id : options.runs) {
    json::Value answer =
        deletes ? TRY(api->Call("DELETE", client::ApiPath({"runs", id})))
                : TRY(api->Post(client::ApiPath({"runs", id, restores ? "restore" : archive}),
                                json::Value(json::Object())));
    if (!context.json()) {
      std::string line = id;
      if (deletes)
        line += "  deleted; `runwright runs restore` brings it back until " +
                LocalTime(answer["purge_time"]);
      else
        line += restores ? "  restored" : options.undo ? "  no longer archived" : "  archived";
      Print(line + "\n");
    }
    out.push_back(std::move(answer));
  }
  if (context.json()) Print(json::WritePretty(json::Value(std::move(out))) + "\n");
  return 0;
}

}  // namespace rw::cli
