// System metrics: what the run's processes and its machine use, every few seconds, sent in batches.
// They are apart from the user's metrics and may be lost with the executor; the peak of memory is
// kept for the run's summary.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/node.h"
#include "executor/server_link.h"

namespace rw::executor {

class Monitor {
 public:
  Monitor(Context& context, ServerLink& server, Node& node, std::string run_id,
          std::string run_dir);

  /// Samples every 5 s in the run's first hour, every 30 s on its first day, then every 2 min.
  void Start();
  /// No further samples; `done` when what is collected was sent.
  void Stop(Task done);

  /// Largest sum over the run's processes that was seen.
  int64_t peak_bytes() const { return peak_bytes_; }
  /// The machine's OOM kills as of the last sample; -1: none was taken.
  int64_t oom_kills() const { return oom_kills_; }

 private:
  void SampleLater(std::chrono::microseconds delay);
  void Take();
  void Add(const NodeSample& sample);
  void Put(const std::string& name, double value);
  void Send();
  void Sent();

  Context& context_;
  ServerLink& server_;
  Node& node_;
  std::string run_id_;
  std::string run_dir_;
  int64_t begun_boot_us_ = 0;
  int64_t peak_bytes_ = 0;
  int64_t oom_kills_ = -1;
  std::optional<NodeSample> last_;
  int64_t last_boot_us_ = 0;
  std::vector<int64_t> times_;
  std::map<std::string, std::vector<double>> values_;  // NaN where a sample lacks one
  int64_t sent_boot_us_ = 0;
  bool sending_ = false;
  bool stopped_ = false;
  Task done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
