// The server of a data folder, seen from its owner's command line.
#pragma once

#include <optional>
#include <string>

#include "client/surroundings.h"

namespace rw::cli {

struct RunningServer {
  std::string url;
  int pid = 0;
  std::string started;
};

/// What server.json says, if that process lives and answers /healthz.
std::optional<RunningServer> FindRunning(const std::string& data);

/// Reuses the one that runs; else starts `runwright server --data DATA` in the background and waits
/// until it serves. kUnavailable with the end of its log when it does not. `started` says which.
Result<RunningServer> StartInBackground(const client::Surroundings& here, const std::string& data,
                                        bool& started);

/// The last lines of a text file; "" where there is none.
std::string LastLines(const std::string& path, size_t lines);

}  // namespace rw::cli
