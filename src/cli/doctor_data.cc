#include <sys/statvfs.h>

#include "base/strings.h"
#include "cli/doctor.h"
#include "cli/running_server.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/mounts.h"
#include "os/process.h"

namespace rw::cli {
namespace {

using keep::Health;

constexpr uint64_t kLittleBytes = uint64_t{1} << 30;
constexpr uint64_t kLeastBytes = uint64_t{64} << 20;

void Space(const std::string& data, Findings& out) {
  struct statvfs disk {};
  if (statvfs(data.c_str(), &disk) != 0) return;
  uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
  uint64_t size = uint64_t{disk.f_blocks} * disk.f_frsize;
  std::string said = HumanBytes(free) + " free of " + HumanBytes(size);
  Health health = free < kLeastBytes    ? Health::kError
                  : free < kLittleBytes ? Health::kWarning
                                        : Health::kGood;
  AddFinding(out, health, "disk", said,
             "`runwright gc --dry-run` shows what takes space and what can go");
  if (disk.f_files > 0 && disk.f_favail < disk.f_files / 100)
    AddFinding(
        out, Health::kWarning, "disk",
        std::to_string(disk.f_favail) + " inodes are left of " + std::to_string(disk.f_files),
        "remove small files, or move the data folder");
}

void Rights(const std::string& data, Findings& out) {
  auto folder = os::PosixFileSystem().Stat(data);
  if (folder && (folder->mode & 0077) != 0)
    AddFinding(
        out, Health::kWarning, "data folder",
        "others can look into " + data + " (mode " +
            [&] {
              char text[8];
              std::snprintf(text, sizeof text, "%o", folder->mode & 0777);
              return std::string(text);
            }() +
            "): it holds logs, outputs and hashes of tokens",
        "chmod 700 " + data);
}

void Place(const std::string& data, Findings& out) {
  auto network = os::NetworkFileSystemOf(data);
  if (network && !network->empty())
    AddFinding(out, Health::kWarning, "data folder",
               data + " is on a network file system (" + *network + ")",
               "move it to a disk of this machine; else `runwright server --allow-network-fs`, "
               "and never from two machines");
}

/// Who holds the folder: a live server that answers, one that hangs, or nobody.
void Holder(const std::string& data, Findings& out) {
  const bool announced = os::Exists(os::PosixFileSystem(), data + "/server.json");
  auto lock = os::FileLock::Try(data + "/lock");
  auto running = FindRunning(data);
  if (running) {
    AddFinding(out, Health::kGood, "server",
               running->url + " serves it (pid " + std::to_string(running->pid) + ")");
  } else if (!lock && lock.error().code() == Code::kConflict) {
    auto text = os::ReadFile(os::PosixFileSystem(), data + "/lock", 64);
    std::string pid = text ? std::string(Trim(*text)) : "?";
    AddFinding(out, Health::kError, "server",
               "process " + pid + " holds the folder and does not answer",
               "look at " + data + "/server.log; if it hangs: kill " + pid +
                   ", then start it again (runs go on meanwhile)");
  } else if (announced) {
    AddFinding(out, Health::kWarning, "server",
               "none runs; the last one was killed (its lock is free, nothing is stale)",
               "runwright server --data " + data);
  } else {
    AddFinding(out, Health::kNote, "server", "none runs on " + data,
               "runwright server --data " + data);
  }
}

}  // namespace

void ExamineData(Context&, const std::string& data, bool deep, Findings& out) {
  if (!os::Exists(os::PosixFileSystem(), data + "/runwright.db"))
    return AddFinding(out, Health::kError, "data folder", data + " is none: it has no runwright.db",
                      "name it with --data; `runwright init` makes one");
  AddFinding(out, Health::kGood, "data folder", data);
  Place(data, out);
  Space(data, out);
  Rights(data, out);
  Holder(data, out);
  auto found = keep::InspectData(os::PosixFileSystem(), data, deep);
  if (!found && found.error().code() == Code::kUnavailable)
    return AddFinding(out, Health::kNote, "database",
                      "its server holds it for itself (--allow-network-fs)",
                      "stop the server to look into it");
  if (!found)
    return AddFinding(out, Health::kError, "database", found.error().message(),
                      "restore the last backup to a new folder");
  for (keep::Finding& finding : *found) out.push_back(std::move(finding));
}

}  // namespace rw::cli
