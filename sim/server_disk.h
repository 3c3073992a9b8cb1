// The server's disk and its faults: power that goes in the middle of an operation, and no room.
#pragma once

#include <functional>
#include <string>

#include "os/testing/memory_file_system.h"
#include "sim/world.h"

namespace rw::sim {

class ServerDisk {
 public:
  explicit ServerDisk(World& world);

  os::testing::MemoryFileSystem& fs() { return fs_; }
  /// Called in the middle of an operation, which then fails: the process must not live on.
  std::function<void()> on_power_loss;

  /// Power goes at the `operations`-th change from now on; 0: not at all.
  void ArmPowerLoss(uint64_t operations) { armed_ = operations; }
  /// From now on only `bytes` more fit.
  void Fill(uint64_t bytes);
  void MakeRoom();
  bool full() const { return full_; }
  /// After power loss.
  void Crash() { fs_.Crash(); }

 private:
  Status OnOperation(std::string_view operation, const std::string& path);

  World& world_;
  os::testing::MemoryFileSystem fs_;
  uint64_t armed_ = 0;
  bool full_ = false;
};

}  // namespace rw::sim
