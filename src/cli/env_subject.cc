#include "cli/env_subject.h"

#include "base/strings.h"
#include "cli/env_lock.h"

namespace rw::cli {
namespace {

constexpr const char* kLockFile = "azureml-logs/environment.lock";
constexpr size_t kLeastDigits = 6;

bool IsHex(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void Take(EnvSubject& out, json::Value build) {
  if (build.is_null()) return;
  out.build_id = build.StringOr("build_id");
  if (build["python"].is_string()) out.python = build.StringOr("python");
  if (build["lock"].is_string() && !out.lock) out.lock = build.StringOr("lock");
  if (build["warnings"].is_array()) out.warnings = build["warnings"];
  out.build = std::move(build);
}

/// A not-found answer becomes null.
Result<json::Value> Maybe(Result<json::Value> answer) {
  if (!answer && answer.error().code() == Code::kNotFound) return json::Value();
  return answer;
}

Result<std::optional<EnvSubject>> Named(Context& context, const std::string& text) {
  size_t colon = text.rfind(':');
  std::string name = text.substr(0, colon);
  std::string version = colon == std::string::npos ? "" : text.substr(colon + 1);
  client::Api* api = TRY(context.Api());
  json::Value found = TRY(Maybe(api->Environment(TRY(context.WorkspaceId()), name, version)));
  if (found.is_null()) return std::optional<EnvSubject>();
  EnvSubject out;
  out.kind = "environment";
  out.name = found.StringOr("name");
  out.title = out.name + ":" + found.StringOr("version");
  out.spec = found["spec"];
  out.definition = found["definition"];
  out.env_id = found.StringOr("env_id");
  out.python = out.spec.StringOr("python");
  const json::Value& variables = out.definition["environmentVariables"];
  if (variables.is_object()) out.variables = variables;
  Take(out, TRY(BuildOf(*api, out.env_id)));
  return std::optional<EnvSubject>(std::move(out));
}

/// The lock that the run itself keeps: its environment may have been resolved anew since.
Result<std::optional<std::string>> LockOfRun(client::Api& api, const std::string& id) {
  net::Request request = api.Authorized(
      "GET", client::ApiPath({"runs", id, "artifacts", "content"}), {{"name", kLockFile}});
  auto answer = TRY(api.Send(std::move(request)));
  if (answer.status != 200) return std::optional<std::string>();
  return std::optional<std::string>(std::move(answer.body.bytes));
}

Result<std::optional<EnvSubject>> OfRun(Context& context, const std::string& text) {
  client::Api* api = TRY(context.Api());
  json::Value run = TRY(Maybe(api->Run(text)));
  if (run.is_null()) return std::optional<EnvSubject>();
  EnvSubject out;
  out.kind = "run";
  out.name = text;
  out.title = "run " + text;
  out.spec = run["environment"];
  out.env_id = out.spec.StringOr("env_id");
  out.lock = TRY(LockOfRun(*api, text));
  if (!out.env_id.empty()) Take(out, TRY(BuildOf(*api, out.env_id)));
  // What the run had, whatever was built since.
  if (out.spec["build_id"].is_string()) out.build_id = out.spec.StringOr("build_id");
  if (out.spec["python"].is_string()) out.python = out.spec.StringOr("python");
  out.variables = run["environment_variables"];
  out.warnings = json::Array();
  if (run["warnings"].is_array())
    for (const json::Value& warning : run["warnings"].as_array())
      if (warning.StringOr("source") == "environment") out.warnings.Append(warning);
  return std::optional<EnvSubject>(std::move(out));
}

Result<std::optional<EnvSubject>> OfBuild(Context& context, const std::string& text) {
  if (text.size() < kLeastDigits || !IsHex(text)) return std::optional<EnvSubject>();
  client::Api* api = TRY(context.Api());
  json::Value build = TRY(Maybe(api->Build(text)));
  if (build.is_null()) return std::optional<EnvSubject>();
  EnvSubject out;
  out.kind = "build";
  out.env_id = build.StringOr("env_id");
  out.name = "environment-" + out.env_id.substr(0, 12);
  out.title = "build " + text;
  out.spec = build["spec"];
  Take(out, std::move(build));
  return std::optional<EnvSubject>(std::move(out));
}

}  // namespace

json::Value EnvSubject::ToJson() const {
  json::Value out;
  out.Set("kind", kind).Set("name", name).Set("title", title).Set("spec", spec);
  out.Set("definition", definition).Set("env_id", env_id).Set("variables", variables);
  out.Set("build_id", build_id.empty() ? json::Value() : json::Value(build_id));
  out.Set("python", python.empty() ? json::Value() : json::Value(python));
  out.Set("lock", lock ? json::Value(*lock) : json::Value());
  return out.Set("warnings", warnings).Set("build", build);
}

Result<json::Value> BuildOf(client::Api& api, const std::string& env_id) {
  return Maybe(api.Build(env_id));
}

Result<EnvSubject> FindEnvSubject(Context& context, const std::string& text) {
  for (auto* look : {Named, OfRun, OfBuild})
    if (auto found = TRY(look(context, text))) return *std::move(found);
  return Error(Code::kNotFound,
               "'" + text +
                   "' is no environment of this workspace, no run, and no env_id or "
                   "build_id (at least 6 digits); `runwright env list` lists them",
               "name");
}

}  // namespace rw::cli
