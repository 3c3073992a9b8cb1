#include "sim/server_disk.h"

#include <algorithm>

#include "os/paths.h"

namespace rw::sim {
namespace {

/// The part of a coverage point's name; "" where power loss is of no interest of its own.
std::string KindOf(const std::string& path) {
  if (path.ends_with("-wal")) return "wal";
  if (path.ends_with(".db")) return "db";
  if (path.find("/logs") != std::string::npos) return "log";
  if (path.find("/blobs") != std::string::npos) return "blob";
  return "";
}

bool Changes(std::string_view operation) {
  return operation == "write" || operation == "sync" || operation == "syncdir" ||
         operation == "syncall" || operation == "rename" || operation == "truncate" ||
         operation == "remove" || operation == "mkdir";
}

}  // namespace

ServerDisk::ServerDisk(World& world) : world_(world), fs_(&world.random) {
  fs_.SetFault([this](std::string_view operation, const std::string& path) {
    return OnOperation(operation, path);
  });
}

void ServerDisk::Fill(uint64_t bytes) {
  full_ = true;
  fs_.SetCapacity(fs_.used() + bytes);
}

void ServerDisk::MakeRoom() {
  full_ = false;
  fs_.SetCapacity(UINT64_MAX);
}

Status ServerDisk::OnOperation(std::string_view operation, const std::string& path) {
  if (armed_ == 0 || !Changes(operation) || --armed_ > 0) return Ok();
  std::string name(operation == "syncdir" || operation == "syncall" ? "sync-folder" : operation);
  std::string point = "power:" + name + ":" + KindOf(path);
  world_.Trace(point);
  auto listed = FaultPoints();
  if (std::find(listed.begin(), listed.end(), point) != listed.end()) world_.coverage.Hit(point);
  if (on_power_loss) on_power_loss();
  return Error(Code::kNoSpace, "power is gone");
}

}  // namespace rw::sim
