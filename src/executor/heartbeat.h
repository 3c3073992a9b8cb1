// The long poll by which the server knows that this executor lives, and tells it what to do.
#pragma once

#include <functional>
#include <string>

#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/server_link.h"

namespace rw::executor {

class Heartbeat {
 public:
  /// `on_cancel` with the grace between TERM and KILL; perhaps more than once.
  Heartbeat(Context& context, ServerLink& server, std::string path,
            std::function<void(std::chrono::milliseconds grace)> on_cancel);
  void Start() { Beat(); }
  /// "preparing", "running", "finalizing": sent with the next beat.
  void SetState(std::string state) { state_ = std::move(state); }

 private:
  void Beat();
  void Answered(const net::Response& response, int64_t asked_at_us);

  Context& context_;
  ServerLink& server_;
  std::string path_;
  std::function<void(std::chrono::milliseconds)> on_cancel_;
  std::string state_ = "preparing";
  Lifetime lifetime_;
};

}  // namespace rw::executor
