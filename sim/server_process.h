// The server as one simulated process over a disk that outlives it.
#pragma once

#include <memory>
#include <string>

#include "backend/backend.h"
#include "db/file_system_vfs.h"
#include "os/testing/memory_file_system.h"
#include "server/core.h"
#include "sim/network.h"
#include "sim/world.h"

namespace rw::sim {

/// How a process ends: a kill keeps what the kernel has, a power loss only what was synced.
enum class Death { kKill, kPowerLoss };

class ServerProcess {
 public:
  /// All outlive it.
  ServerProcess(World& world, os::testing::MemoryFileSystem& disk, backend::ComputeBackend& backend,
                ServerPort& port);
  ~ServerProcess();

  Status Start();
  void Kill(Death death);
  bool alive() const { return life_ != nullptr; }
  /// Made by the first start; reaches every route.
  const std::string& owner_token() const { return owner_token_; }

 private:
  struct Life;
  World& world_;
  os::testing::MemoryFileSystem& disk_;
  backend::ComputeBackend& backend_;
  ServerPort& port_;
  std::unique_ptr<Life> life_;
  std::string owner_token_;
  int starts_ = 0;
};

}  // namespace rw::sim
