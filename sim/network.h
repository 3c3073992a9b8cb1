// Messages between simulated processes: delayed, dropped, delivered twice, cut off.
#pragma once

#include <functional>
#include <memory>

#include "net/http.h"
#include "sim/world.h"

namespace rw::sim {

struct NetworkFaults {
  double drop_request = 0.01;
  double drop_answer = 0.01;
  double duplicate = 0.02;
  int64_t least_delay_us = 50;
  int64_t most_delay_us = 3000;
};

/// The line of one node; shared by the processes on it.
struct Line {
  bool cut = false;
  int64_t slowness = 1;  // delays are this many times as long
};

/// Where the server is now: its handler, or none while it is down. Shared by all transports.
struct ServerPort {
  net::Handler handler;
  std::shared_ptr<bool> alive;  // of the process that set the handler
};

class Network {
 public:
  Network(World& world, NetworkFaults faults) : world_(world), faults_(faults) {}

  /// A client's way to the port, by the line of its node. Not used after `loop` is killed.
  std::unique_ptr<net::Transport> Connect(ProcessLoop& loop, ServerPort& port,
                                          std::shared_ptr<Line> line);
  /// While cut, nothing passes between any client and the server.
  void SetCut(bool cut) { cut_ = cut; }
  /// From now on messages are only delayed (the end of a scenario).
  void Heal();
  /// Sees every answer at the moment when it reaches its client: a 2xx is "acked" in the
  /// invariants.
  std::function<void(const net::Request&, const net::Response&)> on_answer;

 private:
  friend class Way;
  int64_t Delay(const Line& line);
  World& world_;
  NetworkFaults faults_;
  bool cut_ = false;
};

}  // namespace rw::sim
