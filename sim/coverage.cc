#include "sim/coverage.h"

#include <algorithm>
#include <cstdio>

#include "base/result.h"

namespace rw::sim {
namespace {

constexpr std::string_view kPoints[] = {
    // processes
    "server:kill",
    "server:power",
    "server:dies-in-start",
    "executor:kill-before-launch",
    "executor:kill-while-running",
    "executor:kill-at-the-end",
    "shim:kill-alone",
    "shim:kill-with-executor",
    "supervisor:two-for-one-allocation",
    // power loss in the middle of an operation of the server, by what it worked on
    "power:write:wal",
    "power:write:db",
    "power:write:log",
    "power:write:blob",
    "power:sync:wal",
    "power:sync:db",
    "power:sync:log",
    "power:sync:blob",
    "power:sync-folder:blob",
    "power:sync-folder:log",
    "power:rename:blob",

    // what a start finds
    "start:with-wal",
    "backup:taken",
    // full disk
    "full:begin",
    "full:507-database",
    "full:507-blob",
    "full:507-log",
    "full:read-works",
    "full:start-works",
    // network
    "net:request-lost",
    "net:answer-lost",
    "net:request-twice",
    "net:cut",
    "net:node-cut",
    "net:node-slow",
    "net:node-cut-for-minutes",
    "run:not-responding",
    // clock
    "clock:back",
    "clock:forward",
    // cancel, by what the run was at
    "cancel:before-its-place",
    "cancel:preparing",
    "cancel:running",
    "cancel:finalizing",
    "cancel:ended",
    "cancel:script-ignores-sigterm",
    // scripts
    "script:child-ended",
    "script:child-left-open",
    "script:two-writers",
    "script:damaged-record",
    "script:output",
    "queue:run-waited",
    // interactive runs, by how their process ended
    "notebook:ended",
    "notebook:left-something",
    "notebook:no-word",
    "notebook:killed-here",
    "notebook:killed-elsewhere",
    "notebook:not-responding",
    "notebook:synced",
    // environments
    "build:published",
    "build:no-room",
};

}  // namespace

std::span<const std::string_view> FaultPoints() { return kPoints; }

void Coverage::Hit(std::string_view point) {
  CHECK(std::find(std::begin(kPoints), std::end(kPoints), point) != std::end(kPoints));
  hits_[std::string(point)]++;
}

bool PrintCoverage(const Coverage& coverage) {
  bool all = true;
  std::printf("fault points:\n");
  for (std::string_view point : kPoints) {
    auto at = coverage.hits().find(std::string(point));
    int64_t hits = at == coverage.hits().end() ? 0 : at->second;
    std::printf("  %-36s %lld%s\n", std::string(point).c_str(), static_cast<long long>(hits),
                hits == 0 ? "  NEVER HIT" : "");
    all = all && hits > 0;
  }
  return all;
}

}  // namespace rw::sim
