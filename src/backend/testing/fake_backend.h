// A backend without processes: tests and the simulator decide what each supervisor does.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace rw::backend::testing {

class FakeBackend final : public ComputeBackend {
 public:
  void Start(const StartRequest& request, std::function<void(Status)> done) override;
  Life Probe(const RunId& run, const AllocationId& allocation) override;
  json::Value ExitRecord(const RunId& run) override;
  std::string FolderOf(const RunId& run) override { return folders_[run.str()]; }
  void KillRemains(const RunId& run) override;

  /// Called by every Start that succeeds: begin the simulated supervisor.
  std::function<void(const StartRequest&)> on_start;
  /// The next Start answers this.
  void FailNext(Error error) { fail_.push_back(std::move(error)); }
  void SetLife(const AllocationId& allocation, Life life) { lives_[allocation.str()] = life; }

  void SetExitRecord(const RunId& run, json::Value record) {
    exits_[run.str()] = std::move(record);
  }

  void SetFolder(const RunId& run, const std::string& folder) { folders_[run.str()] = folder; }

  const std::vector<StartRequest>& starts() const { return starts_; }
  const std::vector<std::string>& killed() const { return killed_; }

 private:
  std::vector<StartRequest> starts_;
  std::vector<Error> fail_;
  std::map<std::string, Life> lives_;
  std::map<std::string, std::string> folders_;
  std::map<std::string, json::Value> exits_;
  std::vector<std::string> killed_;
};

}  // namespace rw::backend::testing
