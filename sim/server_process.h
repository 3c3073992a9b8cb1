// The server as one simulated process over a disk that outlives it.
#pragma once

#include <memory>
#include <string>

#include "backend/backend.h"
#include "server/core.h"
#include "server/logging_process.h"
#include "sim/network.h"
#include "sim/server_disk.h"
#include "sim/world.h"

namespace rw::sim {

/// How a process ends: a kill keeps what the kernel has, a power loss only what was synced.
enum class Death { kKill, kPowerLoss };

class ServerProcess {
 public:
  /// All outlive it. `nodes`: the disk with the folders of runs, which the server sees, too.
  ServerProcess(World& world, ServerDisk& disk, os::FileSystem& nodes,
                backend::ComputeBackend& backend, ServerPort& port);
  ~ServerProcess();

  /// kNoSpace: the disk is full, or power went meanwhile (then died()).
  Status Start();
  /// At any moment, also from within itself: from now on it does nothing. Bury comes after.
  void Die(Death death);
  bool alive() const { return life_ != nullptr && !death_; }
  bool died() const { return death_.has_value(); }
  /// Takes away what is left of it; after a power loss the disk forgets. Outside of its own calls.
  void Bury();
  /// A copy of the database as it is, made durable. The server goes on.
  Status BackUp(const std::string& path);
  /// How it looks for processes on its machine.
  std::function<backend::Life(const server::LoggingProcess&)> life_of_process;
  /// Made by the first start; reaches every route.
  const std::string& owner_token() const { return owner_token_; }

 private:
  struct Life;
  Status StartLife(Life& life, const std::string& name);
  World& world_;
  ServerDisk& disk_;
  os::FileSystem& nodes_;
  backend::ComputeBackend& backend_;
  ServerPort& port_;
  std::unique_ptr<Life> life_;
  std::optional<Death> death_;
  std::string owner_token_;
  int starts_ = 0;
};

}  // namespace rw::sim
