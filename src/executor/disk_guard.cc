#include "executor/disk_guard.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr auto kInterval = std::chrono::milliseconds(500);
/// Nothing is held on a disk with more room than this.
constexpr uint64_t kPlenty = uint64_t{1} << 30;
/// A write of some size fails below this.
constexpr uint64_t kFull = 128 << 10;
constexpr uint64_t kLogBytes = 1 << 20;
constexpr uint64_t kJournalBytes = 512 << 10;
constexpr uint64_t kSpareBytes = 256 << 10;
/// Kept of the log's end: the run's error quotes it.
constexpr uint64_t kKeptTail = 128 << 10;
constexpr uint64_t kPage = 4096;
constexpr size_t kMostNamed = 10;
}  // namespace

DiskGuard::DiskGuard(Context& context, Node& node, Offsets& offsets, RunFolder folder,
                     std::string log_name)
    : context_(context),
      node_(node),
      offsets_(offsets),
      folder_(std::move(folder)),
      log_name_(std::move(log_name)) {}

void DiskGuard::Start() {
  if (finished_) return;
  Look();
  context_.loop.After("disk.look", kInterval, lifetime_.Bind([this] { Start(); }));
}

void DiskGuard::Look() {
  DiskSpace space = node_.SpaceOf(folder_.root);
  full_ = space.free < kFull;
  if (full_) {
    if (full_wall_us_ == 0) {
      full_wall_us_ = context_.clock.WallMicros();
      LOG_WARN("disk.full", {"path", folder_.root}, {"free", space.free});
    }
    full_looks_++;
    // Room for journals that could not be begun, and for our own records.
    if (std::exchange(spare_, false)) (void)context_.fs.Remove(folder_.Path("state/spare"));
  }
  if (space.free < kPlenty) HoldAll();
}

void DiskGuard::HoldAll() {
  if (!full_ && !spare_) spare_ = node_.Reserve(folder_.Path("state/spare"), 0, kSpareBytes);
  uint64_t log_acked = offsets_.Get(Offsets::LogKey(log_name_));
  Hold(folder_.Path(log_name_), kLogBytes, log_acked > kKeptTail ? log_acked - kKeptTail : 0);
  auto entries = context_.fs.List(folder_.journal());
  if (!entries) return;
  for (const os::DirEntry& entry : *entries) {
    if (!entry.name.ends_with(".rwj")) continue;
    // Not given back: an executor that comes next may begin to read before what is acked.
    Hold(folder_.journal() + "/" + entry.name, kJournalBytes, 0);
  }
}

void DiskGuard::Hold(const std::string& path, uint64_t bytes, uint64_t acked) {
  auto info = context_.fs.Stat(path);
  if (!info) return;
  Held& held = held_[path];
  if (held.until >= info->size + bytes / 2) return;
  uint64_t releasable = acked / kPage * kPage;
  if (full_ && releasable > held.released && node_.Release(path, held.released, releasable))
    held.released = releasable;
  for (uint64_t ask = bytes; ask >= kPage; ask /= 4) {
    if (!node_.Reserve(path, info->size, ask)) continue;
    held.until = info->size + ask;
    return;
  }
}

Warnings DiskGuard::Finish() {
  if (std::exchange(finished_, true)) return {};
  Look();
  for (const auto& [path, held] : held_) node_.Trim(path);
  if (spare_) (void)context_.fs.Remove(folder_.Path("state/spare"));
  if (full_wall_us_ == 0) return {};
  std::vector<std::string> touched;
  for (const auto& [name, stamp] : ScanOutputs(context_.fs, folder_).files)
    if (stamp.mtime_ns / 1000 >= full_wall_us_ - 1'000'000) touched.push_back(name);
  std::string text = "The disk of the run's folder was full for about " +
                     std::to_string((full_looks_ + 1) / 2) + " s, from " +
                     FormatUtc(full_wall_us_) + " on. ";
  text += std::to_string(touched.size()) +
          " files of outputs and logs were written since and may be missing parts";
  if (touched.size() > kMostNamed) touched.resize(kMostNamed);
  if (!touched.empty()) text += ": " + Join(touched, ", ");
  return {{"disk", text + ". Free space below " + folder_.root + " or use --run-root."}};
}

}  // namespace rw::executor
