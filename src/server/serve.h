// `runwright server`: Core over real parts.
#pragma once

#include <string>

#include "server/core.h"

namespace rw::server {

struct ServeOptions {
  std::string data;      // folder; empty: ${XDG_DATA_HOME:-~/.local/share}/runwright
  std::string listen;    // "host:port"; empty: the address of the last start, at first 127.0.0.1 and a free port
  std::string log_file;  // appended to; empty: standard error
};

/// The folder that `data` means, absolute.
Result<std::string> DataFolder(const std::string& data);

/// Serves until SIGTERM, SIGINT or POST /api/v1/server/stop. Prints one line with the URL on standard output when it
/// serves. Returns the process's exit status; errors go to standard error in words.
int Serve(const ServeOptions& options);

/// "GET /healthz public" …, one line a route, sorted.
std::string RouteTable(const Router& router);
/// The routes of a Core over an empty database in memory; for `runwright server --print-routes`.
int PrintRoutes();

}  // namespace rw::server
