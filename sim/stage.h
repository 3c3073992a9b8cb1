// Everything of one seed: the world, the server, the nodes, and what is known of them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "sim/asker.h"
#include "sim/ledger.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/notebook.h"
#include "sim/server_disk.h"
#include "sim/server_process.h"
#include "sim/world.h"

namespace rw::sim {

inline constexpr int64_t kSecond = 1'000'000;

struct Stage {
  explicit Stage(uint64_t seed)
      : world(seed),
        disk(world),
        network(world, {}),
        machine(world, network, port, observer,
                [this](const RunId& run) { return plans[run.str()]; }),
        server(world, disk, machine.disk(), machine, port),
        asker(world, disk, port, server.owner_token()) {
    observer.script_started = [this](const std::string& allocation) {
      ledger.OnScriptStarted(allocation);
    };
    server.life_of_process = [this](const server::LoggingProcess& process) {
      for (const auto& notebook : notebooks)
        if (notebook->plan().here && notebook->process() == process)
          return notebook->process_lives() ? backend::Life::kAlive : backend::Life::kDead;
      return backend::Life::kUnknown;
    };
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void Violate(const std::string& invariant, const std::string& detail = {}) {
    LOG_INFO("sim.violated", {"invariant", invariant}, {"detail", detail});
    world.Trace("violated:" + invariant);
    violated.insert(invariant);
  }
  bool ok() const { return violated.empty(); }

  World world;
  ServerDisk disk;
  Network network;
  ServerPort port;
  Ledger ledger;
  Shim::Observer observer;
  std::map<std::string, ScriptPlan> plans;  // by run id
  Machine machine;
  ServerProcess server;
  Asker asker;
  std::string workspace;
  std::vector<std::shared_ptr<Notebook>> notebooks;
  std::set<std::string> built;               // runs whose environment has to be built
  std::vector<std::string> wanted;           // runs that are submitted, by and by
  std::set<std::string> to_cancel;           // those of them that somebody cancels
  std::map<std::string, std::string> blobs;  // digest → bytes of what clients store
  int unfinished_clients = 0;                // requests of clients that are not answered yet
  bool healed = false;                       // no more faults
  std::set<std::string> violated;
};

}  // namespace rw::sim
