// The server without sockets, threads or a clock of its own: requests in, answers out. The real
// server and the simulator create the same Core from different parts.
#pragma once

#include <memory>

#include "backend/backend.h"
#include "env/installer.h"
#include "server/environment_gate.h"
#include "server/router.h"
#include "server/server_context.h"

namespace rw::server {

/// All outlive Core. `read` and `writer` are of one database whose migrations are applied.
struct Deps {
  Loop& loop;
  WorkerPool& pool;
  Clock& clock;
  Random& random;
  os::FileSystem& fs;
  backend::ComputeBackend& backend;  // of `local` and of AmlCompute-style targets
  db::Connection& read;
  db::Writer& writer;
  Paths paths;
  CoreOptions options;
  std::function<void()> stop;      // POST /api/v1/server/stop, after its answer
  db::Readers* readers = nullptr;  // null: `read` is the only connection for reading
  env::Installer* installer =
      nullptr;  // null: environments of kind interpreter alone, found by name
};

class Core {
 public:
  /// Makes the folders, registers the routes. Serves at once; Start begins what runs by itself.
  static Result<std::unique_ptr<Core>> Create(Deps deps);
  ~Core();

  /// Begins reconciling. Heartbeat clocks begin anew.
  void Start();
  /// One request, on the loop's thread.
  void Handle(net::Request request, std::shared_ptr<net::Responder> responder);
  /// From the head alone, before a body is read: 401 without a token on every route that is not
  /// public.
  Status CheckHead(const net::Request& head);

  /// From now on new requests get 503.
  void BeginStop();
  /// Requests that came less than 5 s ago and have no answer yet. Older ones wait for an event.
  size_t RequestsAtHand() const;

  ServerContext& context();
  /// How runs get their environments.
  EnvironmentGate& environments();
  const Router& router() const;

 private:
  struct Parts;
  explicit Core(std::unique_ptr<Parts> parts);
  /// Who asks, where that one may use the route at all. `route` null: nothing is served there.
  Result<Principal> Admit(const net::Request& head, const Router::Route* route);
  std::unique_ptr<Parts> parts_;
};

}  // namespace rw::server
