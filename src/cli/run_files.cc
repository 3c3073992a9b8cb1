#include "cli/run_files.h"

#include "base/strings.h"
#include "os/paths.h"

namespace rw::cli {
namespace {
bool Wanted(const std::string& name, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return true;
  for (const std::string& one : wanted)
    if (name == one || (one.ends_with('/') && name.starts_with(one))) return true;
  return false;
}
}  // namespace

Result<int> ListRunFiles(Context& context, const RunsOptions& o) {
  client::Api* api = TRY(context.Api());
  json::Array files = TRY(api->Artifacts(o.run, o.prefix));
  if (context.json()) {
    Print(json::WritePretty(json::Value(std::move(files))) + "\n");
    return 0;
  }
  std::vector<Row> rows;
  for (const json::Value& file : files)
    rows.push_back({file.StringOr("name"), HumanBytes(static_cast<uint64_t>(file.IntOr("size", 0))),
                    file.BoolOr("live", false) ? "live" : file.StringOr("source"),
                    LocalTime(file["time"])});
  Print(context.terminal().Table({{"FILE"}, {"SIZE", false, true}, {"FROM"}, {"TIME"}}, rows));
  return 0;
}

Result<int> GetRunFiles(Context& context, const RunsOptions& o) {
  client::Api* api = TRY(context.Api());
  json::Array files = TRY(api->Artifacts(o.run, ""));
  std::vector<std::string> wanted;
  for (const std::string& name : o.files) {
    std::string clean = TRY(os::CleanRelativePath(name, "file"));
    wanted.push_back(name.ends_with('/') ? clean + "/" : clean);
  }
  json::Array done;
  std::vector<std::string> names;
  for (const json::Value& file : files) {
    std::string name = file.StringOr("name");
    names.push_back(name);
    if (!Wanted(name, wanted)) continue;
    // The server's word on names is not taken: a path must stay below the folder.
    std::string to =
        os::JoinPath(context.here().Absolute(o.output), TRY(os::CleanRelativePath(name, "file")));
    TRY(api->DownloadArtifact(o.run, name, to));
    if (!context.json()) Print(to + "\n");
    done.push_back(to);
  }
  if (done.empty()) {
    std::string near = o.files.empty() ? "" : Join(NearMatches(o.files[0], names), ", ");
    return Error(Code::kNotFound,
                 "run " + o.run + " has no such file" + (near.empty() ? "" : "; near: " + near) +
                     ". `runwright runs files " + o.run + "` lists them",
                 "file");
  }
  if (context.json()) Print(json::WritePretty(json::Value(std::move(done))) + "\n");
  return 0;
}

}  // namespace rw::cli
