// The machine as the executor's core asks of it. Null where there is none: the simulator has no
// processes and no disk of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rw::executor {

struct GpuSample {
  double utilization_percent = 0;
  int64_t memory_bytes = 0;
};

/// Totals since the start of each process or of the machine, but for what is in use now. -1 where
/// it cannot be known.
struct NodeSample {
  int processes = 0;
  int64_t resident_bytes = 0;  // of all the run's processes
  int64_t cpu_us = 0;
  int64_t read_bytes = 0;
  int64_t written_bytes = 0;
  int64_t machine_cpu_us = -1;  // of all cores, at work
  int64_t machine_memory_bytes = -1;
  int64_t received_bytes = -1;  // of the machine's network interfaces, without loopback
  int64_t sent_bytes = -1;
  int64_t machine_oom_kills = -1;
  std::vector<GpuSample> gpus;
};

struct DiskSpace {
  uint64_t free = 0;  // for this user
  uint64_t total = 0;
};

class Node {
 public:
  virtual ~Node() = default;
  /// From a worker, one at a time.
  virtual NodeSample Sample() = 0;
  virtual DiskSpace SpaceOf(const std::string& path) = 0;
  /// Takes disk blocks for `bytes` behind `from` of a file without changing its size.
  virtual bool Reserve(const std::string& path, uint64_t from, uint64_t bytes) = 0;
  /// Gives back blocks of [from, to), which reads as zeros from then on; the size stays.
  virtual bool Release(const std::string& path, uint64_t from, uint64_t to) = 0;
  /// Gives back what Reserve took behind the end. No process writes any more.
  virtual void Trim(const std::string& path) = 0;
  /// From a worker: runs a program to its end, however that is; at most a minute.
  virtual void Run(const std::vector<std::string>& command,
                   const std::map<std::string, std::string>& environment) = 0;
};

}  // namespace rw::executor
