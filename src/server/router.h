// Which handler serves a request.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/call.h"

namespace rw::server {

/// Who may use a route at all; what a run's token may touch is decided by the handler (Auth).
enum class Access {
  kToken,   // any valid token: 401 without, before a body is read
  kOwner,   // 403 for a run's token
  kPublic,  // no token: the handler authorizes by itself, and sees the principal where there is one
};

class Router {
 public:
  using Handler = std::function<void(CallPtr)>;
  using SyncHandler = std::function<Result<net::Response>(Call&)>;
  struct Route {
    std::string method;
    std::string pattern;
    Access access;
    Handler handler;
    std::vector<std::string> segments;
  };

  /// `pattern`: "/api/v1/runs/{run}/cancel". A fixed segment wins over a {param} at its place.
  void Add(std::string_view method, std::string_view pattern, Handler handler,
           Access access = Access::kToken);
  /// For handlers that answer at once.
  void AddSync(std::string_view method, std::string_view pattern, SyncHandler handler,
               Access access = Access::kToken);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> params;
  };
  /// route is null where nothing matches; `allowed` then lists the methods that the path has, if
  /// any. An error: the path itself is broken.
  Result<Match> Find(const net::Request& request, std::string* allowed) const;
  /// To the handler of what Find gave. 404 and 405 where nothing matches.
  static void Dispatch(CallPtr call, Result<Match> match, const std::string& allowed);
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace rw::server
