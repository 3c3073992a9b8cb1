#include "server/environment_text.h"

#include "base/clock.h"
#include "env/bytecode.h"
#include "os/paths.h"

namespace rw::server {
namespace {
constexpr const char* kLockName = "azureml-logs/environment.lock";
}

Error InRequest(const Error& error) {
  if (error.field().empty() || error.field().starts_with("environment")) return error;
  return Error(error.code(), error.message(), "environment." + error.field());
}

ReadyEnvironment OfInterpreter(const env::Interpreter& interpreter, const std::string& env_id,
                               const env::Effective& effective) {
  ReadyEnvironment out;
  out.env_id = env_id;
  out.interpreter = interpreter.path;
  out.python = interpreter.version;
  std::string folder = os::DirName(interpreter.path);
  if (folder != "/usr/bin" && folder != "/bin" && folder != "/usr/local/bin")
    out.path_prepend = {folder};
  out.shims = effective.shims;
  for (const std::string& warning : effective.warnings)
    out.warnings.push_back({"environment", warning});
  return out;
}

ReadyEnvironment OfBuild(const meta::EnvLock& row, const env::Installer& installer) {
  ReadyEnvironment out;
  out.env_id = row.env_id;
  out.build_id = row.build_id;
  env::BuildUse use = installer.UseOf(row.build_id);
  out.interpreter = std::move(use.interpreter);
  out.path_prepend = std::move(use.path_prepend);
  out.image = std::move(use.image);
  out.protect = std::move(use.protect);
  out.shims = row.shims;
  env::PythonChoice python = PythonOf(row.python);
  out.python = python.interpreter.version;
  if (!python.warning.empty()) out.warnings.push_back({"environment", python.warning});
  for (const std::string& warning : row.warnings) out.warnings.push_back({"environment", warning});
  if (!row.lock_digest.empty())
    out.lock_artifact = {kLockName, row.lock_digest, static_cast<int64_t>(row.lock->size())};
  return out;
}

ReadyEnvironment OnNode(ReadyEnvironment environment, const std::string& env_root) {
  const std::string here = environment.protect.StringOr("build");
  if (env_root.empty() || environment.build_id.empty() || here.empty() ||
      !environment.image.is_null())
    return environment;
  const std::string there = env_root + "/builds/" + environment.build_id;
  auto move = [&](const std::string& path) {
    return path.starts_with(here + "/") ? there + path.substr(here.size()) : path;
  };
  environment.interpreter = move(environment.interpreter);
  for (std::string& folder : environment.path_prepend) folder = move(folder);
  environment.protect.Set("build", there).Set("bytecode", env::BytecodeFolder(there));
  environment.fetch.Set("env_root", env_root).Set("build_id", environment.build_id);
  return environment;
}

json::Value PythonJson(const env::PythonChoice& choice) {
  const env::Interpreter& interpreter = choice.interpreter;
  json::Value out;
  out.Set("version", interpreter.version).Set("path", interpreter.path);
  out.Set("implementation", interpreter.implementation).Set("base_path", interpreter.base_path);
  return out.Set("prefix", interpreter.prefix).Set("warning", choice.warning);
}

env::PythonChoice PythonOf(const json::Value& python) {
  return {{python.StringOr("path"), python.StringOr("implementation"), python.StringOr("version"),
           python.StringOr("base_path"), python.StringOr("prefix")},
          python.StringOr("warning")};
}

int64_t LockedMicros(const meta::EnvLock& row) {
  return row.locked_us != 0 ? row.locked_us : row.created_us;
}

json::Value BuildJson(const meta::EnvLock& row, std::string_view state) {
  json::Value out;
  out.Set("env_id", row.env_id).Set("state", state);
  out.Set("build_id", row.build_id.empty() ? json::Value() : json::Value(row.build_id));
  std::string version = row.python.StringOr("version");
  out.Set("python", version.empty() ? json::Value() : json::Value(version));
  auto spec = json::Parse(row.spec);
  json::Value requirements = spec ? (*spec)["requirements"] : json::Value();
  out.Set("requirements", requirements.is_null() ? json::Value(json::Array()) : requirements);
  json::Array packages;
  for (const std::string& package : env::PackagesOf(row.lock.value_or("")))
    packages.emplace_back(package);
  out.Set("packages", std::move(packages)).Set("bytes", row.bytes);
  out.Set("created_time", FormatUtc(row.created_us));
  out.Set("last_used_time", FormatUtc(row.last_used_us));
  out.Set("locked_time", row.lock ? json::Value(FormatUtc(LockedMicros(row))) : json::Value());
  if (state == "Failed") out.Set("error", row.error);
  return out;
}

}  // namespace rw::server
