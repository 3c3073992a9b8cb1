#include "executor/environment.h"

#include "base/strings.h"
#include "executor/compat.h"

namespace rw::executor {
namespace {
constexpr char kDefaultPath[] = "/usr/local/bin:/usr/bin:/bin";

std::string Or(const EnvironmentMap& map, const std::string& name, const std::string& otherwise) {
  auto at = map.find(name);
  return at == map.end() || at->second.empty() ? otherwise : at->second;
}

/// "a:b" of what is not empty.
std::string JoinPaths(std::vector<std::string> parts) {
  std::erase(parts, "");
  return Join(parts, ":");
}

EnvironmentMap MachineVariables(const Grant& grant, const RunFolder& folder,
                                const EnvironmentMap& base) {
  EnvironmentMap out = {
      {"TMPDIR", folder.tmp()},
      // A file-backed stdout would show nothing for minutes.
      {"PYTHONUNBUFFERED", "1"},
      {"RUNWRIGHT_RUN_DIR", folder.root},
  };
  if (!grant.plan.image.engine.empty()) return out;
  out["PATH"] = Or(base, "PATH", kDefaultPath);
  out["HOME"] = Or(base, "HOME", folder.tmp());
  out["LANG"] = Or(base, "LANG", "C.UTF-8");
  for (const char* name : {"USER", "LOGNAME", "LC_ALL", "TZ"})
    if (base.count(name) != 0) out[name] = base.at(name);
  return out;
}

/// What scripts written for Azure ML look for. There is one process on one node: it is its own
/// master.
EnvironmentMap AzureVariables(const Grant& grant, const RunFolder& folder,
                              const std::string& server_url) {
  const json::Value& run = grant.run;
  const json::Value& workspace = run["workspace"];
  return {
      {"AZUREML_RUN_ID", run.StringOr("run_id")},
      {"AZUREML_ARM_SUBSCRIPTION", workspace.StringOr("subscription_id")},
      {"AZUREML_ARM_RESOURCEGROUP", workspace.StringOr("resource_group")},
      {"AZUREML_ARM_WORKSPACE_NAME", workspace.StringOr("name")},
      {"AZUREML_ARM_PROJECT_NAME", run.StringOr("experiment")},
      {"AZUREML_EXPERIMENT_ID", run.StringOr("experiment_id")},
      {"AZUREML_WORKSPACE_ID", workspace.StringOr("id")},
      // The socket in the run's folder authorizes: no secret is in the environment.
      {"AZUREML_RUN_TOKEN", "use-exec-sock"},
      {"AZUREML_RUN_TOKEN_EXPIRY", "253402300799"},
      {"AZUREML_SERVICE_ENDPOINT", server_url},
      {"AZUREML_DISCOVERY_SERVICE_ENDPOINT", server_url},
      {"AZUREML_SCRIPT_DIRECTORY_NAME", folder.work()},
      {"AZ_BATCH_JOB_ID", run.StringOr("run_id")},
      {"AZ_BATCHAI_JOB_WORK_DIR", folder.work()},
      {"AZ_BATCHAI_JOB_MOUNT_ROOT", folder.root},
      {"AZ_BATCH_MASTER_NODE", "127.0.0.1:6105"},
      {"AZ_BATCHAI_MPI_MASTER_NODE", "127.0.0.1"},
      {"AZ_BATCHAI_TASK_INDEX", "0"},
      {"NCCL_SOCKET_IFNAME", "^docker0"},
  };
}

/// Folders of what libraries download once and check by its sum. What the node's own environment
/// says stands.
EnvironmentMap DataCacheVariables(const std::string& folder, const EnvironmentMap& base) {
  EnvironmentMap out;
  if (folder.empty()) return out;
  for (const auto& [name, below] : std::initializer_list<std::pair<const char*, const char*>>{
           {"TORCH_HOME", "torch"},
           {"HF_HOME", "huggingface"},
           {"KERAS_HOME", "keras"},
           {"TFHUB_CACHE_DIR", "tensorflow-hub"},
           {"TFDS_DATA_DIR", "tensorflow-datasets"},
           {"CHAINER_DATASET_ROOT", "chainer"},
           {"SCIKIT_LEARN_DATA", "scikit-learn"}})
    out[name] = Or(base, name, folder + "/" + below);
  return out;
}

/// Why the variable cannot be set; "" when it can.
std::string Objection(const std::string& name, const std::string& value) {
  if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
    return "is no name that a variable can have";
  if (value.find('\0') != std::string::npos) return "has a value with a NUL byte";
  if (name.starts_with("RUNWRIGHT_")) return "begins with RUNWRIGHT_, which is reserved";
  return "";
}
}  // namespace

ScriptEnvironment MakeEnvironment(const Grant& grant, const RunFolder& folder,
                                  const std::string& server_url, const EnvironmentMap& base) {
  ScriptEnvironment out;
  out.variables = MachineVariables(grant, folder, base);
  out.variables.merge(AzureVariables(grant, folder, server_url));
  bool contained = !grant.plan.image.engine.empty();
  out.variables.merge(
      DataCacheVariables(grant.plan.data_cache, contained ? EnvironmentMap() : base));
  if (grant.plan.resumes) out.variables["AZUREML_DATAREFERENCE_MODEL_LOCATION"] = folder.resume();
  for (const auto& [name, value] : grant.plan.environment_variables) {
    std::string objection = Objection(name, value);
    if (objection.empty()) {
      out.variables[name] = value;
    } else {
      out.warnings.push_back({"environment", "environment variable '" + Utf8Lossy(name) +
                                                 "' was left out: it " + objection});
    }
  }
  // The node's own is shared by builds, and read-only in the script's view.
  if (!grant.plan.protect.build.empty())
    out.variables.emplace("UV_CACHE_DIR", folder.tmp() + "/uv-cache");
  std::string& path = out.variables["PATH"];
  path = JoinPaths({Join(grant.plan.path_prepend, ":"), path});
  bool compat = !CompatText(grant.plan).empty();
  if (compat) out.variables["RUNWRIGHT_COMPAT"] = folder.compat();
  // Its sitecustomize must be found before any other; it starts the next one.
  std::string python_path = JoinPaths({compat ? CompatSite(grant.plan) : "",
                                       Or(out.variables, "PYTHONPATH", ""), grant.plan.sdk_path});
  if (!python_path.empty()) out.variables["PYTHONPATH"] = python_path;
  return out;
}

}  // namespace rw::executor
