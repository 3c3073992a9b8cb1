// The environment that py-rattler lives in: like any other resolved, built and published by uv,
// once for all servers that share the folder of builds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "env/installer.h"

namespace rw::env {

/// From the loop's thread.
class CondaSolver {
 public:
  using Done = std::function<void(Result<std::string>)>;
  /// `folder`: that of the builds' folder and of conda-solver.json, which names the build.
  CondaSolver(Loop& loop, WorkerPool& pool, Installer& uv, std::string folder);
  ~CondaSolver();

  /// Its interpreter. Who asks while it is made waits with the others; what another server makes is
  /// waited for.
  void Interpreter(const Progress& progress, Done done);

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;
  std::string MarkPath() const { return folder_ + "/conda-solver.json"; }
  void Choose(const JobPtr& job);
  void Resolve(const JobPtr& job);
  void Lock(const JobPtr& job);
  void Build(const JobPtr& job);
  void Built(const JobPtr& job);
  void End(const Result<std::string>& interpreter);

  Loop& loop_;
  WorkerPool& pool_;
  Installer& uv_;
  const std::string folder_;
  TimerId timer_ = 0;
  std::vector<Done> waiting_;  // for what is being made
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::env
