// Questions to the server outside of the simulated network: the harness looks, it does not take
// part.
#pragma once

#include <string>

#include "json/value.h"
#include "net/http.h"
#include "sim/network.h"
#include "sim/server_disk.h"
#include "sim/world.h"

namespace rw::sim {

class Asker {
 public:
  Asker(World& world, ServerDisk& disk, ServerPort& port, const std::string& token)
      : world_(world), disk_(disk), port_(port), token_(token) {}
  /// Steps the world until the answer is there (at most a virtual minute). kUnavailable when the
  /// server died.
  Result<net::Response> Ask(std::string method, std::string target, json::Value body = {});
  /// The answer's bytes, also those of a file of the server.
  Result<std::string> AskBytes(std::string target);
  Result<json::Value> AskJson(std::string method, std::string target, json::Value body = {});

 private:
  World& world_;
  ServerDisk& disk_;
  ServerPort& port_;
  const std::string& token_;
};

}  // namespace rw::sim
