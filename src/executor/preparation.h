// Everything that must lie in the run's folder before the script starts, made in one go.
// Repeatable: what an interrupted one left is removed first.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "executor/build_fetcher.h"
#include "executor/context.h"
#include "executor/environment.h"
#include "executor/lifetime.h"
#include "executor/server_link.h"

namespace rw::executor {

/// A failure as RunError of the API: who is at fault and what to do.
struct PreparationResult {
  bool ready = false;
  json::Value error;
  Warnings warnings;
};

class Preparation {
 public:
  Preparation(Context& context, ServerLink& server, RunFolder folder, std::string grant_text,
              Grant grant, EnvironmentMap base_environment);

  /// `done` once, unless this is destroyed first. A loss of the network only delays it.
  void Start(std::function<void(PreparationResult)> done);
  /// Ends it soon, with `done` (not ready).
  void Cancel();

 private:
  void FetchBuild();
  void Materialise();
  void FetchMissing(std::vector<std::string> digests);
  void FetchNext();

  Context& context_;
  ServerLink& server_;
  RunFolder folder_;
  std::string grant_text_;
  Grant grant_;
  EnvironmentMap base_environment_;
  std::shared_ptr<std::atomic<bool>> canceled_ = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::string> wanted_;
  std::unique_ptr<BuildFetcher> build_;  // at work
  Warnings warnings_;
  std::function<void(PreparationResult)> done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
