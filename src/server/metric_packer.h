// Packs the metrics of runs that have ended (meta/metric_packing.h), step by step beside other
// writes.
#pragma once

#include <memory>

#include "server/server_context.h"

namespace rw::server {

/// On the loop's thread.
class MetricPacker {
 public:
  explicit MetricPacker(ServerContext& context) : context_(context) {}
  ~MetricPacker();

  /// A run may have ended, or the server has started: what is due is packed in a while.
  void Note();

 private:
  void Later(std::chrono::microseconds delay);
  void Step();

  ServerContext& context_;
  bool waiting_ = false;
  bool stepping_ = false;
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
