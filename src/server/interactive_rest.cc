#include "server/interactive_rest.h"

#include <algorithm>
#include <optional>

#include "journal/record.h"

namespace rw::server {
namespace {

/// The process that the first record of a journal names.
std::optional<LoggingProcess> WriterOf(os::FileSystem& fs, const std::string& path,
                                       LoggingProcess process) {
  auto file = fs.Open(path, os::OpenMode::kRead);
  if (!file) return std::nullopt;
  std::string head(4096, '\0');
  auto size = (*file)->ReadAt(0, std::span<char>(head));
  if (!size) return std::nullopt;
  head.resize(*size);
  auto batch = journal::ParseRecords(head, 0);
  if (batch.records.empty()) return std::nullopt;
  auto opened = json::Parse(batch.records[0].body);
  if (!opened || opened->IntOr("pid", 0) <= 0) return std::nullopt;
  process.pid = opened->IntOr("pid", 0);
  process.start_ticks = opened->IntOr("start_ticks", 0);
  process.boot_id = opened->StringOr("boot_id");
  return process;
}

}  // namespace

void InteractiveRest::Find(os::FileSystem& fs, const std::string& run_id,
                           const std::function<backend::Life(const LoggingProcess&)>& life_of) {
  auto text = process.folder.empty() ? Result<std::string>(std::string())
                                     : os::ReadFile(fs, process.folder + "/run.json", 1 << 20);
  auto info = text ? json::Parse(*text) : Result<json::Value>(text.error());
  // It says so itself: no folder of anybody else is read.
  there = info && info->StringOr("run_id") == run_id && info->StringOr("kind") == "interactive";
  if (!there) return;
  outputs = info->StringOr("outputs");
  auto entries = fs.List(process.folder + "/journal");
  for (const os::DirEntry& entry : entries ? *entries : std::vector<os::DirEntry>()) {
    std::string path = process.folder + "/journal/" + entry.name;
    auto file = fs.Stat(path);
    if (file) last_us = std::max(last_us, file->mtime_ns / 1000);
    auto writer = WriterOf(fs, path, process);
    if (writer && *writer != process && life_of(*writer) == backend::Life::kAlive) others = true;
  }
}

json::Value InteractiveRest::Error(const std::string& run_id) const {
  json::Value error = json::Object();
  error.Set("code", "UserError");
  error.Set("message", "The process that logged this run (" + process.Words() +
                           ") ended without complete() or fail().");
  std::string next;
  if (!there) {
    next = "Its folder cannot be read by the server: `runwright sync " + run_id + "` on " +
           process.host + " sends what it logged last.";
  } else if (!outputs.empty()) {
    next = "All that it logged is here. `runwright sync " + run_id + "` on " + process.host +
           " sends the files of its outputs folder.";
  } else {
    next = "All that it logged is here.";
  }
  return error.Set("next_step", next);
}

}  // namespace rw::server
