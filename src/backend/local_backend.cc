#include "backend/local_backend.h"

#include <array>
#include <string_view>

#include "base/log.h"
#include "json/value.h"

namespace rw::backend {

LocalBackend::LocalBackend(os::FileSystem& fs, os::ProcessLauncher& launcher, LocalOptions options)
    : fs_(fs), launcher_(launcher), options_(std::move(options)), boot_id_(os::BootId()) {}

std::string LocalBackend::FolderOf(const RunId& run) {
  std::string usual = options_.runs_dir + "/" + run.str();
  if (options_.older_runs_dirs.empty() || os::Exists(fs_, usual + "/state")) return usual;
  for (const std::string& root : options_.older_runs_dirs) {
    std::string folder = root;
    folder.append("/").append(run.str());
    if (os::Exists(fs_, folder + "/state")) return folder;
  }
  return usual;
}

void LocalBackend::Start(const StartRequest& request, std::function<void(Status)> done) {
  done(Spawn(request));
}

Status LocalBackend::WriteClaim(const StartRequest& request, const RunFolder& folder) {
  json::Value claim = json::Object();
  claim.Set("version", 1);
  claim.Set("allocation_id", request.allocation.str());
  claim.Set("run_id", request.run.str());
  claim.Set("secret", request.secret);
  claim.Set("server_url", options_.server_url);
  claim.Set("endpoint_file", options_.endpoint_file);
  claim.Set("log_file", folder.executor_log());
  claim.Set("boot_id", boot_id_);
  // Not synced: after a power loss its absence or its boot id says that nothing of it runs.
  auto file = TRY(fs_.Open(folder.claim(), os::OpenMode::kTruncate, 0600));
  return file->WriteAt(0, json::Write(claim));
}

Status LocalBackend::Spawn(const StartRequest& request) {
  RunFolder folder = Folder(request.run);
  TRY(fs_.MakeDirs(folder.state(), 0700));
  if (Status written = WriteClaim(request, folder); !written) {
    (void)fs_.Remove(folder.claim());  // half a claim would look like a supervisor to come
    return written;
  }
  os::LaunchSpec spec;
  spec.argv = {options_.shim, folder.root, options_.program, "executor", folder.root};
  spec.environment = options_.environment;
  spec.working_dir = folder.root;
  spec.stdout_path = folder.shim_log();
  auto identity = launcher_.SpawnDetached(spec);
  if (!identity) {
    (void)fs_.Remove(folder.claim());
    return std::move(identity).error().WithContext("start the supervisor of run " +
                                                   request.run.str());
  }
  spawned_[request.allocation.str()] = *identity;
  LOG_INFO("backend.spawned", {"run", request.run.str()}, {"pid", identity->pid});
  return Ok();
}

std::vector<std::string> InheritedEnvironment(char** environment) {
  constexpr std::array<std::string_view, 9> kNames = {
      "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH"};
  std::vector<std::string> kept;
  for (char** entry = environment; entry != nullptr && *entry != nullptr; entry++) {
    std::string_view text(*entry);
    std::string_view name = text.substr(0, text.find('='));
    for (std::string_view wanted : kNames) {
      if (name == wanted) kept.emplace_back(text);
    }
  }
  return kept;
}

}  // namespace rw::backend
