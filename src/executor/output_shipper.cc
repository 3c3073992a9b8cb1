#include "executor/output_shipper.h"

#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr size_t kAtOnce = 4;
constexpr int kMostAttempts = 5;
constexpr int64_t kLookIntervalUs = 1'000'000;
/// Of the time, at most this part goes into looking.
constexpr int64_t kLookShare = 50;
/// Smaller blobs are sent without asking whether they are there.
constexpr uint64_t kAskFrom = 256 << 10;

Result<std::string> HashFile(os::FileSystem& fs, const std::string& path) {
  auto file = TRY(fs.Open(path, os::OpenMode::kRead));
  std::string buffer(1 << 20, '\0');
  Sha256 hash;
  for (uint64_t at = 0;;) {
    size_t n = TRY(file->ReadAt(at, std::span<char>(buffer)));
    hash.Update(std::string_view(buffer.data(), n));
    at += n;
    if (n < buffer.size()) return hash.FinishHex();
  }
}

std::chrono::milliseconds TimeoutFor(uint64_t bytes) {
  return std::chrono::seconds(60 + static_cast<int64_t>(bytes >> 20));
}
}  // namespace

OutputShipper::OutputShipper(Context& context, ServerLink& server, FileWatcher* watcher,
                             std::string run_id, RunFolder folder)
    : context_(context),
      server_(server),
      watcher_(watcher),
      run_id_(std::move(run_id)),
      folder_(std::move(folder)),
      record_(OutputRecord::Load(context.fs, folder_)) {}

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
  for (const auto& [name, stamp] : scan.files) {
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
  auto at = record_.shipped.find(name);
  return at != record_.shipped.end() && at->second.stamp == stamp;
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
  ended_scan_ = true;
  for (Warning& warning : scan.warnings) warnings_.push_back(std::move(warning));
  for (const auto& [name, stamp] : scan.files)
    if (!IsStored(name, stamp)) Enqueue(name);
  Next();
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
    Status saved = record_.Save(context_.fs, folder_);
    if (!saved) LOG_WARN("outputs.not_saved", {"error", saved.error().message()});
    std::exchange(done_, nullptr)(std::move(warnings_));
  }
}

Status OutputShipper::HashNow(os::FileSystem& fs, const RunFolder& folder, Job& job) {
  OutputFile before = TRY(OutputFileOf(fs, folder, job.name));
  job.digest = TRY(HashFile(fs, before.path));
  OutputFile after = TRY(OutputFileOf(fs, folder, job.name));
  if (after.path != before.path || after.stamp != before.stamp)
    return Error(Code::kConflict, "it changed while it was read");
  job.file = std::move(after);
  return Ok();
}

void OutputShipper::Hash(JobPtr job) {
  auto hashed = std::make_shared<Status>();
  context_.pool.Run(
      "outputs.hash",
      [job, hashed, &fs = context_.fs, folder = folder_] { *hashed = HashNow(fs, folder, *job); },
      lifetime_.Bind([this, job, hashed] { Hashed(job, std::move(*hashed)); }));
}

void OutputShipper::Hashed(JobPtr job, Status hashed) {
  if (!hashed) {
    if (hashed.error().code() == Code::kNotFound) return Ended(job);  // removed meanwhile
    return Failed(job, hashed.error().message());
  }
  auto brought = record_.baseline.find(job->name);
  auto shipped = record_.shipped.find(job->name);
  bool known = (brought != record_.baseline.end() && shipped == record_.shipped.end() &&
                brought->second == job->digest) ||
               (shipped != record_.shipped.end() && shipped->second.digest == job->digest);
  if (known) return Stored(job);
  if (job->file.stamp.size >= kAskFrom) return AskMissing(std::move(job));
  PutBlob(std::move(job));
}

void OutputShipper::AskMissing(JobPtr job) {
  json::Value body = json::Object();
  body.Set("digests", json::Array{job->digest});
  server_.Post("/api/v1/blobs/missing", body, lifetime_.Bind([this, job](net::Response response) {
    auto answer = json::Parse(response.body.bytes);
    const bool there = response.status == 200 && answer && (*answer)["missing"].is_array() &&
                       (*answer)["missing"].as_array().empty();
    there ? NameIt(job) : PutBlob(job);
  }));
}

void OutputShipper::PutBlob(JobPtr job) {
  net::Request request;
  request.method = "PUT";
  request.path = "/api/v1/blobs/" + job->digest;
  request.headers["Content-Type"] = "application/octet-stream";
  const std::string& path = job->file.path;
  if (job->file.stamp.size < kAskFrom) {
    auto bytes = os::ReadFile(context_.fs, path, kAskFrom);
    if (!bytes) return Failed(job, bytes.error().message());
    request.body.bytes = std::move(*bytes);
  } else {
    request.body.file = std::make_shared<net::FileBody>(path, 0, job->file.stamp.size);
  }
  server_.Call(std::move(request), TimeoutFor(job->file.stamp.size),
               lifetime_.Bind([this, job](net::Response response) {
                 if (response.status < 300) return NameIt(job);
                 Failed(job, ErrorOf(response).message());  // most likely it changed on the way
               }));
}

void OutputShipper::NameIt(JobPtr job) {
  json::Value body = json::Object();
  body.Set("name", job->name).Set("digest", job->digest).Set("size", job->file.stamp.size);
  body.Set("source", "scan");
  server_.Post("/api/v1/runs/" + PercentEncode(run_id_) + "/artifacts", body,
               lifetime_.Bind([this, job](net::Response response) {
                 if (response.status < 300) return Stored(job);
                 Failed(job, ErrorOf(response).message());
               }));
}

void OutputShipper::Stored(const JobPtr& job) {
  record_.shipped[job->name] = {job->file.stamp, job->digest};
  if (!finishing_) {
    Status saved = record_.Save(context_.fs, folder_);
    if (!saved) LOG_WARN("outputs.not_saved", {"error", saved.error().message()});
  }
  Ended(job);
}

void OutputShipper::Failed(const JobPtr& job, const std::string& why) {
  LOG_WARN("outputs.failed", {"name", job->name}, {"why", why});
  // While the script runs the next look tries again.
  if (!finishing_) return Ended(job);
  if (++job->attempts >= kMostAttempts) {
    warnings_.push_back({"outputs", job->name + " was not stored: " + why});
    return Ended(job);
  }
  context_.loop.After("outputs.again", std::chrono::milliseconds(100),
                      lifetime_.Bind([this, job] { Hash(job); }));
}

void OutputShipper::Ended(const JobPtr& job) {
  active_.erase(job->name);
  Next();
}

}  // namespace rw::executor
