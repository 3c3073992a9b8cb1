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
  struct Item;

  void Look();
  bool TakeAnew(const Error& error);
  void List();
  void Listed(const net::Response& response);
  void Next();
  void LockItem();
  void FetchIndex(uint64_t at);
  void Begin();
  void Ask();
  void AskPiece(size_t piece);
  void Arrived(size_t piece, net::Response response);
  void Publish();
  void Drop();
  void Fail(const Error& error);
  void Later(void (BuildFetcher::*step)());
  /// `work` on a worker; its error ends the fetching.
  void Work(std::string_view name, std::function<Status()> work, std::function<void()> then);
  void Get(uint64_t offset, uint64_t size, ServerLink::Callback callback);

  Context& context_;
  ServerLink& server_;
  std::string path_;  // of the routes
  env::NodeBuilds node_;
  std::string build_id_;
  std::string form_;  // query of the routes
  std::function<void(json::Value)> done_;
  std::shared_ptr<os::FileLock> lock_;  // of the build
  std::vector<env::BuildPack> packs_;   // those that are still to come, the next one last
  std::shared_ptr<Item> item_;
  bool bytecode_alone_ = false;
  int life_ = 0;  // what was begun in an earlier one does not count
  std::string refused_;
  Warnings warnings_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
