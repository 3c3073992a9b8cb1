// Brings a build to a node that does not build: from the server, by content.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "env/node_builds.h"
#include "executor/context.h"
#include "executor/grant.h"
#include "executor/lifetime.h"
#include "executor/pack_fetch.h"
#include "executor/server_link.h"
#include "executor/warning.h"

namespace rw::executor {

/// On the loop's thread. A build that is there costs a few stats and no request. Executors of one
/// node fetch a build once: the others wait for it. What is cut off goes on where it was, as long
/// as this process lives; a new one begins anew.
class BuildFetcher {
 public:
  BuildFetcher(Context& context, ServerLink& server, const std::string& run_id,
               const FetchPlan& plan);

  /// `done` once, with null or a RunError, unless this is destroyed first or canceled.
  void Start(std::function<void(json::Value error)> done);
  /// The build's byte code, where the server has it by now and the node not yet: for later runs, as
  /// this one has its view of the build. `done` where it came.
  void StartBytecode(Task done);
  /// What was not as it should be, though it went well in the end.
  const Warnings& warnings() const { return warnings_; }

 private:
  void Look();
  bool TakeAnew(const Error& error);
  void List();
  void Listed(const net::Response& response);
  void Fetch(env::BuildPacks packs);
  void Publish(size_t index);
  void FailLater(size_t index, const Status& status);
  void Fail(const Error& error);
  /// `work` on a worker; its error ends the fetching.
  void Work(std::string_view name, std::function<Status()> work, std::function<void()> then);

  Context& context_;
  ServerLink& server_;
  std::string path_;  // of the routes
  env::NodeBuilds node_;
  std::string build_id_;
  std::string form_;  // query of the routes
  std::function<void(json::Value)> done_;
  std::shared_ptr<os::FileLock> lock_;  // of the build
  std::vector<std::unique_ptr<PackFetch>> packs_;
  size_t arriving_ = 0;  // packs that are not whole yet
  bool bytecode_alone_ = false;
  std::string failed_;  // digest of the pack whose error ends this try
  std::string refused_;
  Warnings warnings_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
