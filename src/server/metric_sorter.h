// Keeps the order of runs by their metrics (meta/metric_order.h) up to date.
#pragma once

#include <functional>
#include <memory>

#include "server/server_context.h"

namespace rw::server {

/// On the loop's thread.
class MetricSorter {
 public:
  explicit MetricSorter(ServerContext& context) : context_(context) {}
  ~MetricSorter();

  /// After a COMMIT that logged values: they are sorted in a few seconds at the latest.
  void Note();
  /// Calls `then` when everything committed before this call is sorted; also when that fails (the
  /// list is then as old as the last success).
  void Settle(std::function<void()> then);

 private:
  void Later();
  void Step(std::function<void()> then, int steps);

  ServerContext& context_;
  bool waiting_ = false;
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
