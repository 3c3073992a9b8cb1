// A script in a container: what the shim starts is the engine's client; what the script is lies in
// state/inside, which runwright-guard reads in the container (docs/dev/formats/run-folder.md). So
// no argument, variable or password of the run is among the engine's arguments.
#pragma once

#include <string>
#include <vector>

#include "executor/environment.h"
#include "executor/supervisor.h"

namespace rw::executor {

/// "runwright-<run>-<attempt>", in the letters that engines take.
std::string ContainerName(const Grant& grant);

/// Folders that the container sees under their own paths, besides the run's. Those that are not
/// there are left out: an engine refuses to mount them.
struct ContainerMounts {
  std::vector<std::string> read_only;
  std::vector<std::string> writable;
};
ContainerMounts MountsOf(const LaunchPlan& plan, os::FileSystem& fs);

/// The engine's command line. What a run may ask for in other words (user, network, shm_size …) is
/// ours only where its own arguments do not say it.
std::vector<std::string> ContainerCommand(const Grant& grant, const RunFolder& folder,
                                          const ContainerMounts& mounts);
/// Removes the container if it is there, running or not.
std::vector<std::string> RemoveCommand(const Grant& grant);
/// What the engine's client itself needs: never the script's variables.
EnvironmentMap EngineEnvironment(const LaunchPlan& plan, const EnvironmentMap& base);

/// The bytes of state/inside. The image's own PATH and PYTHONPATH stay behind ours.
Result<std::string> EncodeInside(const std::string& working_folder, const std::string& log,
                                 const RunFolder& folder, const LaunchPlan& plan,
                                 const EnvironmentMap& variables);

/// state/ended: how the script ended, as the guard saw it.
struct InsideEnd {
  Outcome outcome;
  std::string exec_path;  // of kExecFailed
  int64_t peak_bytes = 0;
  int64_t group_oom = -1;
};
/// Not there: the container never got as far as the script's end.
std::optional<InsideEnd> ReadInsideEnd(os::FileSystem& fs, const RunFolder& folder);

/// RunError for an engine's client that ended with `code` before the script began, from its last
/// words.
json::Value DescribeEngineFailure(int code, const std::string& log_tail, const LaunchPlan& plan);

}  // namespace rw::executor
