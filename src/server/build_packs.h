// Builds for nodes that do not build: packed once, handed out in parts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/packed_build.h"
#include "server/environment_service.h"
#include "server/run_service.h"

namespace rw::server {

/// On the loop's thread; packs are made by the pool.
class BuildPacks {
 public:
  BuildPacks(RunService& runs, EnvironmentService& environments)
      : runs_(runs), environments_(environments) {}
  ~BuildPacks() { *alive_ = false; }

  /// Packs of the run's build: made where they are not there, which all who ask meanwhile wait for.
  void List(const CallPtr& call);
  /// Bytes of one of them.
  void Get(const CallPtr& call);

 private:
  using Done = std::function<void(const Result<env::BuildPacks>&)>;
  Result<meta::RunRow> RunOf(const Call& call);
  using Key = std::pair<std::string, env::PackForm>;  // build_id
  void Packs(const Key& key, Done done);
  const env::BuildPacks* Known(const Key& key);
  /// A node says that what it got was damaged: it is read through, and made anew where that is so.
  void Examine(const Key& key, const std::string& digest, std::function<void()> then);
  void Answer(const CallPtr& call, const env::BuildPacks& packs);

  RunService& runs_;
  EnvironmentService& environments_;
  std::map<Key, env::BuildPacks> known_;
  std::map<Key, std::vector<Done>> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void RegisterBuildPackRoutes(Router& router, BuildPacks& packs);

}  // namespace rw::server
