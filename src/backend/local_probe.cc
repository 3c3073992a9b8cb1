#include <csignal>

#include "backend/local_backend.h"
#include "base/log.h"
#include "base/strings.h"
#include "json/value.h"

namespace rw::backend {
namespace {

enum class Spawned { kNo, kMaybe, kBeforeThisBoot };

/// What claim.json says about this allocation's supervisor.
Spawned ReadClaim(os::FileSystem& fs, const RunFolder& folder, const AllocationId& allocation,
                  const std::string& boot_id) {
  auto text = os::ReadFile(fs, folder.claim(), 1 << 16);
  if (!text) return Spawned::kNo;
  auto claim = json::Parse(*text);
  // Torn: the writing server died in the middle of it, before it could spawn anything.
  if (!claim || claim->StringOr("allocation_id") != allocation.str()) return Spawned::kNo;
  return claim->StringOr("boot_id") == boot_id ? Spawned::kMaybe : Spawned::kBeforeThisBoot;
}

}  // namespace

Life LocalBackend::Probe(const RunId& run, const AllocationId& allocation) {
  RunFolder folder = Folder(run);
  auto known = spawned_.find(allocation.str());
  if (known != spawned_.end() && launcher_.IsAlive(known->second)) return Life::kAlive;
  Spawned spawned = ReadClaim(fs_, folder, allocation, boot_id_);
  if (spawned == Spawned::kNo && known == spawned_.end()) return Life::kNotBegun;
  // Also where ours is dead: it leaves at once when one of an earlier server holds the folder.
  auto identity = ReadIdentity(fs_, folder.shim());
  if (identity) return launcher_.IsAlive(*identity) ? Life::kAlive : Life::kDead;
  if (known != spawned_.end()) return Life::kDead;
  return spawned == Spawned::kBeforeThisBoot ? Life::kDead : Life::kUnknown;
}

json::Value LocalBackend::ExitRecord(const RunId& run) {
  auto text = os::ReadFile(fs_, Folder(run).exit(), 1 << 16);
  return text ? ParseExitRecord(*text) : json::Value();
}

/// Its processes end with their supervisor or by KillRemains; what the engine keeps of it remains.
void LocalBackend::RemoveContainer(const RunFolder& folder) {
  auto text = os::ReadFile(fs_, folder.container(), 1 << 20);
  if (!text) return;
  os::LaunchSpec spec;
  spec.working_dir = "/";
  for (const std::string& entry : Split(*text, '\0')) {
    if (entry.starts_with("arg=")) spec.argv.push_back(entry.substr(4));
    if (entry.starts_with("env=")) spec.environment.push_back(entry.substr(4));
  }
  if (spec.argv.empty()) return;
  auto started = launcher_.SpawnDetached(spec);
  if (!started)
    LOG_WARN("backend.container_left", {"folder", folder.root},
             {"error", started.error().message()});
}

void LocalBackend::KillRemains(const RunId& run) {
  RunFolder folder = Folder(run);
  auto identity = ReadIdentity(fs_, folder.started());
  if (!identity) return;
  if (launcher_.IsAlive(*identity)) (void)launcher_.Signal(*identity, SIGKILL);
  int others = launcher_.KillByEnvironment("RUNWRIGHT_RUN_DIR=" + folder.root);
  LOG_WARN("backend.kill_remains", {"run", run.str()}, {"pid", identity->pid}, {"others", others});
  // An empty control group is a folder: it goes once the last of them is reaped.
  auto group = os::ReadFile(fs_, folder.group(), 4096);
  if (group) launcher_.RemoveGroup(std::string(Trim(*group)));
  RemoveContainer(folder);
}

}  // namespace rw::backend
