// One follower of a run's logs by server-sent events.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/http.h"
#include "server/run_service.h"

namespace rw::server {

struct FollowRequest {
  std::string run_id;
  std::optional<std::string> name;      // only this log
  std::map<std::string, int64_t> from;  // next byte wanted of each log; 0 where not named
  bool follow = true;                   // false: what is there, then the end
};

/// Lives until the run is over and every byte was sent, or the peer goes away. A peer that reads
/// slower than the log grows is cut off by its connection and comes back with its offsets.
class LogFollower : public std::enable_shared_from_this<LogFollower> {
 public:
  static void Start(RunService& service, FollowRequest request, net::Responder& responder);

 private:
  LogFollower(RunService& service, FollowRequest request, std::shared_ptr<net::StreamSink> sink);
  void OnEvent(const RunEvent& event);
  /// Sends one piece of each log that has more, and goes on in a later turn where there is more to
  /// send.
  void Pump();
  void PumpLater(std::chrono::microseconds delay);
  bool SendPiece(const LogSize& log, bool* more);
  void SendStatus();
  void SchedulePing();
  void Stop();
  bool Write(std::string text);

  RunService& service_;
  FollowRequest request_;
  std::shared_ptr<net::StreamSink> sink_;
  std::shared_ptr<void> subscription_;
  std::string last_status_;
  bool over_ = false;  // the run's state is terminal
  bool pump_planned_ = false;
  TimerId ping_ = 0;
};

}  // namespace rw::server
