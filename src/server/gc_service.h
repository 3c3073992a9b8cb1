// Collection of what nobody needs any more, by the retention rules. The server does it itself,
// since only it knows what is being written.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "keep/gc_plan.h"
#include "server/environment_service.h"
#include "server/run_service.h"

namespace rw::server {

/// On the loop's thread; the work is done by workers and in the writer.
class GcService {
 public:
  /// `environments` may be null. `oldest_call`: BootMicros at which the oldest request without an
  /// answer came, INT64_MAX where there is none.
  GcService(RunService& runs, EnvironmentService* environments,
            std::function<int64_t()> oldest_call);
  ~GcService();

  /// From now on also by itself, as often as the rules say.
  void Start();

  using Done = std::function<void(Result<json::Value>)>;
  struct Request {
    bool dry_run = false;
    bool builds_only = false;
    std::optional<double> build_days;  // in place of the rule's
  };
  /// What takes space and what was removed (`dry_run`: would be). kConflict while one is at work.
  void Collect(const Request& request, Done done);

 private:
  struct Pass;
  using PassPtr = std::shared_ptr<Pass>;
  void Look(const PassPtr& pass);
  void RetireBuilds(const PassPtr& pass);
  void RemoveRows(const PassPtr& pass);
  void RemoveRuns(const PassPtr& pass, size_t from);
  void RemoveFolders(const PassPtr& pass);
  void AwaitCalls(const PassPtr& pass);
  void Mark(const PassPtr& pass);
  void Sweep(const PassPtr& pass);
  void Finish(const PassPtr& pass, Status status);
  void Tick();

  RunService& runs_;
  ServerContext& context_;
  EnvironmentService* environments_;
  std::function<int64_t()> oldest_call_;
  bool at_work_ = false;
  int64_t last_us_ = 0;  // when the last one began
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void RegisterGcRoutes(Router& router, ServerContext& context, GcService& service);

}  // namespace rw::server
