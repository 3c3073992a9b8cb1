// What runs scripts: nodes with a shared disk, their shims, and the backend that the server sees.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "os/testing/memory_file_system.h"
#include "sim/network.h"
#include "sim/shim.h"
#include "sim/world.h"

namespace rw::sim {

class Machine final : public backend::ComputeBackend {
 public:
  Machine(World& world, Network& network, ServerPort& port, Shim::Observer& observer,
          std::function<ScriptPlan(const RunId&)> plan_of);

  void Start(const backend::StartRequest& request, std::function<void(Status)> done) override;
  backend::Life Probe(const RunId& run, const AllocationId& allocation) override;
  json::Value ExitRecord(const RunId& run) override;
  void KillRemains(const RunId& run) override;
  std::string FolderOf(const RunId& run) override;

  /// With this probability a Start begins two supervisors, as an engine does that requeues a job
  /// whose node it lost sight of: only one of them may start the script.
  void SetDoubleStarts(double probability) { double_starts_ = probability; }
  /// The line of a node; made when it is first named.
  std::shared_ptr<Line> LineOf(const std::string& node);
  const std::map<std::string, std::shared_ptr<Line>>& lines() const { return lines_; }
  const std::vector<std::shared_ptr<Shim>>& shims() const { return shims_; }
  /// Of all nodes and laptops: folders of runs below /runs, /other and /home.
  os::FileSystem& disk() { return disk_; }

 private:
  void Begin(const backend::StartRequest& request, const std::string& root);

  World& world_;
  Network& network_;
  ServerPort& port_;
  Shim::Observer& observer_;
  std::function<ScriptPlan(const RunId&)> plan_of_;
  os::testing::MemoryFileSystem disk_;
  std::vector<std::shared_ptr<Shim>> shims_;
  double double_starts_ = 0;
  std::map<std::string, std::shared_ptr<Line>> lines_;
};

}  // namespace rw::sim
