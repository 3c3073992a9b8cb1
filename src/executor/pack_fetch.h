// One pack of a build on its way to this node.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "env/node_builds.h"
#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/server_link.h"

namespace rw::executor {

/// Where packs come from and go to.
struct PackRoute {
  Context& context;
  ServerLink& server;
  std::string path;  // "/api/v1/runs/ID/build"
  std::string form;  // query of the route
  env::NodeBuilds node;
};

/// On the loop's thread. Executors of one node fetch a pack once: the others wait for it. Destroyed
/// at work it leaves nothing that counts.
class PackFetch {
 public:
  using Done = std::function<void(Status)>;

  PackFetch(PackRoute route, env::BuildPack pack);
  ~PackFetch();

  const cas::Digest& digest() const;
  /// `done` once: every piece has arrived and is verified, or the node has the pack already.
  void Start(Done done);
  /// After that: puts it in its place. `done` once.
  void Publish(Done done);

 private:
  struct Item;

  void Lock();
  void FetchIndex(uint64_t at);
  void Begin();
  void CheckPython();
  void Ask();
  void AskPiece(size_t piece);
  void Arrived(size_t piece, net::Response response);
  void Work(std::string_view name, std::function<Status()> work, std::function<void()> then);
  void Get(uint64_t offset, uint64_t size, ServerLink::Callback callback);
  void End(Status status);

  PackRoute route_;
  std::shared_ptr<Item> item_;
  Done done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
