// Interactive runs: no executor looks after them, the process that logs them says that it lives.
// Silence makes one NotResponding; only proof that its process is gone ends it, after what its
// folder still holds was taken in.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "server/call.h"
#include "server/interactive_rest.h"
#include "server/logging_process.h"
#include "server/server_context.h"

namespace rw::server {

class RunService;

/// On the loop's thread.
class InteractiveRuns {
 public:
  explicit InteractiveRuns(RunService& service) : service_(service) {}
  ~InteractiveRuns() { *alive_ = false; }

  /// Takes up those that an earlier life of the server left open, soon after it returns: their
  /// clocks begin anew.
  void Start();
  /// A run was begun by a process that told who it is.
  void Watch(const std::string& run_id, const LoggingProcess& process);
  void Forget(const std::string& run_id) { watched_.erase(run_id); }
  Result<net::Response> Heartbeat(Call& call);
  /// Once a second: who is silent, who is gone.
  void Reconcile();

 private:
  struct Watched {
    LoggingProcess process;
    int64_t heard_boot_us = 0;
    int64_t heard_wall_us = 0;  // 0: not in this life of the server
    int64_t again_boot_us = 0;  // not looked at before
    bool losing = false;        // its end is being found out or written
  };

  void ReconcileOne(const std::string& run_id, Watched& watched);
  void Silent(const std::string& run_id, const Watched& watched, bool is_there);
  void Gone(const std::string& run_id, Watched& watched);
  void Looked(const std::string& run_id, const std::shared_ptr<InteractiveRest>& rest);
  void End(const std::string& run_id, const std::shared_ptr<InteractiveRest>& rest);
  /// Still known, and nothing was heard of it since: else its end is called off.
  Watched* StillLost(const std::string& run_id, const InteractiveRest& rest);
  backend::Life LifeOf(const LoggingProcess& process) const;

  RunService& service_;
  std::map<std::string, Watched> watched_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
