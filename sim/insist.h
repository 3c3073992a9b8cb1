// A simulated process's questions to the server, repeated until they are answered.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/http.h"
#include "sim/network.h"
#include "sim/world.h"

namespace rw::sim {

class Insist {
 public:
  using Then = std::function<void(const net::Response&)>;
  /// `loop` outlives it; what it waits for ends with the loop.
  Insist(ProcessLoop& loop, std::unique_ptr<net::Transport> transport, const std::string& token)
      : loop_(loop), transport_(std::move(transport)), token_(token) {}

  /// `target`: path and query. `then` with the first answer below 500.
  void Ask(const std::string& method, const std::string& target, std::string body, Then then);
  /// Once: a response, or nothing in time.
  void Once(const std::string& method, const std::string& target, std::string body,
            std::function<void(Result<net::Response>)> then);

 private:
  net::Request RequestOf(const std::string& method, const std::string& target, std::string body);
  ProcessLoop& loop_;
  std::unique_ptr<net::Transport> transport_;
  const std::string& token_;
};

}  // namespace rw::sim
