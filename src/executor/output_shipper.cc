#include "executor/output_shipper.h"

#include <algorithm>

#include "base/log.h"

namespace rw::executor {
namespace {
constexpr size_t kAtOnce = 4;
constexpr int64_t kLookIntervalUs = 1'000'000;
/// Of the time, at most this part goes into looking.
constexpr int64_t kLookShare = 50;
}  // namespace

OutputShipper::OutputShipper(Context& context, ServerLink& server, Offsets& offsets,
                             FileWatcher* watcher, std::string run_id, RunFolder folder)
    : context_(context),
      server_(server),
      watcher_(watcher),
      run_id_(std::move(run_id)),
      folder_(std::move(folder)),
      record_(OutputRecord::Load(context.fs, folder_.outputs())),
      tails_(context, server, offsets, run_id_, folder_) {}

void OutputShipper::Start() { LookLater(); }

void OutputShipper::LookLater() {
  auto interval = std::chrono::microseconds(std::max(kLookIntervalUs, look_cost_us_ * kLookShare));
  context_.loop.After("outputs.look", interval, lifetime_.Bind([this] { Look(); }));
}

void OutputShipper::Look() {
  if (finishing_ || looking_) return;
  looking_ = true;
  auto scan = std::make_shared<OutputScan>();
  auto cost = std::make_shared<int64_t>(0);
  context_.pool.Run(
      "outputs.scan",
      [scan, cost, &fs = context_.fs, &clock = context_.clock, folder = folder_] {
        int64_t start = clock.BootMicros();
        *scan = ScanOutputs(fs, folder);
        *cost = clock.BootMicros() - start;
      },
      lifetime_.Bind([this, scan, cost] {
        looking_ = false;
        look_cost_us_ = *cost;
        Scanned(std::move(*scan));
      }));
}

void OutputShipper::Scanned(OutputScan scan) {
  if (finishing_) {
    if (std::exchange(end_scan_due_, false)) Finish(std::move(done_));
    return;
  }
  tails_.Look(Streamed(scan));
  for (const auto& [name, stamp] : scan.files) {
    if (tails_.Streams(name)) continue;
    auto before = last_look_.find(name);
    bool quiet = before != last_look_.end() && before->second == stamp;
    if (!quiet || IsStored(name, stamp)) continue;
    if (watcher_ != nullptr && watcher_->IsOpenForWriting(folder_.work() + "/" + name)) continue;
    Enqueue(name);
  }
  last_look_ = std::move(scan.files);
  LookLater();
  Next();
}

bool OutputShipper::IsStored(const std::string& name, const FileStamp& stamp) const {
  if (record_.shipped.contains(name)) return record_.HasStamp(name, stamp);
  auto brought = untouched_.find(name);
  return brought != untouched_.end() && brought->second == stamp;
}

void OutputShipper::Finish(std::function<void(Warnings)> done) {
  finishing_ = true;
  done_ = std::move(done);
  if (looking_) {
    end_scan_due_ = true;
    return;
  }
  looking_ = true;
  auto scan = std::make_shared<OutputScan>();
  context_.pool.Run(
      "outputs.scan",
      [scan, &fs = context_.fs, folder = folder_] { *scan = ScanOutputs(fs, folder); },
      lifetime_.Bind([this, scan] { ScannedAtEnd(std::move(*scan)); }));
}

void OutputShipper::ScannedAtEnd(OutputScan scan) {
  looking_ = false;
  for (std::string& problem : scan.problems) warnings_.push_back({"outputs", std::move(problem)});
  auto shared = std::make_shared<OutputScan>(std::move(scan));
  tails_.Finish(Streamed(*shared),
                lifetime_.Bind([this, shared](const std::set<std::string>& streamed) {
                  StoreRest(*shared, streamed);
                }));
}

void OutputShipper::StoreRest(const OutputScan& scan, const std::set<std::string>& streamed) {
  ended_scan_ = true;
  for (const auto& [name, stamp] : scan.files)
    if (!IsStored(name, stamp) && streamed.count(name) == 0) Enqueue(name);
  Next();
}

std::map<std::string, FileStamp> OutputShipper::Streamed(const OutputScan& scan) const {
  std::map<std::string, FileStamp> out;
  for (const auto& [name, stamp] : scan.files) {
    if (!name.starts_with("logs/") || record_.shipped.count(name) != 0) continue;
    auto brought = record_.baseline.find(name);
    if (brought != record_.baseline.end() && IsSameContent(brought->second.stamp, stamp)) continue;
    out[name] = stamp;
  }
  return out;
}

void OutputShipper::Enqueue(const std::string& name) {
  if (queued_.insert(name).second) queue_.push_back(name);
}

void OutputShipper::Next() {
  for (size_t i = 0; i < queue_.size() && active_.size() < kAtOnce;) {
    std::string name = queue_[i];
    if (active_.count(name) != 0) {  // its older state is on its way
      i++;
      continue;
    }
    queue_.erase(queue_.begin() + static_cast<long>(i));
    queued_.erase(name);
    active_.insert(name);
    auto job = std::make_shared<Job>();
    job->name = name;
    Hash(std::move(job));
  }
  if (ended_scan_ && queue_.empty() && active_.empty() && done_) {
    Status saved = SaveRecord(context_.fs, folder_, record_);
    if (!saved) LOG_WARN("outputs.not_saved", {"error", saved.error().message()});
    std::exchange(done_, nullptr)(std::move(warnings_));
  }
}

}  // namespace rw::executor
