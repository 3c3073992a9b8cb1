#include "server/resume.h"

#include "meta/artifacts.h"
#include "meta/run_row.h"
#include "os/paths.h"

namespace rw::server {
namespace {
constexpr char kField[] = "resume_from";
}  // namespace

Result<json::Value> CheckResume(ServerContext& context, const std::string& workspace_id,
                                const json::Value& body) {
  const json::Value& asked = body[kField];
  if (asked.is_null()) return json::Value();
  if (!asked.is_object())
    return Error(Code::kInvalidArgument, "resume_from must be an object {run_id, path}", kField);
  std::string run_id = TRY(json::RequireString(asked, "run_id"));
  std::string path = TRY(json::OptionalString(asked, "path", "outputs"));
  path = TRY(os::CleanRelativePath(path, kField));
  auto run = TRY(meta::FindRun(context.read, run_id));
  if (!run || run->workspace_id != workspace_id || run->deleted_us != 0)
    return Error(Code::kNotFound, "run '" + run_id + "' to resume from not found", kField);
  json::Value out = json::Object();
  out.Set("run_id", run_id).Set("path", path + "/");
  bool over = model::IsTerminal(run->state.status);
  if (over && TRY(ResumeFiles(context.read, out)).as_array().empty())
    return Error(Code::kFailedPrecondition,
                 "run '" + run_id + "' ended without files below " + path +
                     "/: there is nothing to resume from",
                 kField);
  return out;
}

Result<json::Value> ResumeFiles(db::Connection& db, const json::Value& resume_from) {
  std::string path = resume_from.StringOr("path");
  auto run = TRY(meta::LoadRun(db, resume_from.StringOr("run_id")));
  json::Value out = json::Array();
  for (const meta::Artifact& file : TRY(meta::ArtifactRepository(db).List(run.row, path))) {
    if (file.live()) continue;
    json::Value one = json::Object();
    out.Append(one.Set("path", file.name.substr(path.size())).Set("digest", file.digest));
  }
  return out;
}

}  // namespace rw::server
