// The way of one file: hash, blob, name.
#include "base/log.h"
#include "base/strings.h"
#include "executor/output_shipper.h"

namespace rw::executor {
namespace {
constexpr int kMostAttempts = 5;
/// Smaller blobs are sent without asking whether they are there.
constexpr uint64_t kAskFrom = 256 << 10;

std::chrono::milliseconds TimeoutFor(uint64_t bytes) {
  return std::chrono::seconds(60 + static_cast<int64_t>(bytes >> 20));
}
}  // namespace

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
  auto shipped = record_.shipped.find(job->name);
  if (shipped != record_.shipped.end() && shipped->second.digest == job->digest) return Stored(job);
  auto brought = record_.baseline.find(job->name);
  if (brought != record_.baseline.end() && shipped == record_.shipped.end() &&
      brought->second.digest == job->digest &&
      IsSameContent(brought->second.stamp, job->file.stamp)) {
    untouched_[job->name] = job->file.stamp;  // not hashed again until it is written
    return Ended(job);
  }
  if (job->file.stamp.size >= kAskFrom) return AskMissing(std::move(job));
  PutBlob(std::move(job));
}

void OutputShipper::AskMissing(JobPtr job) {
  json::Value body = json::Object();
  body.Set("digests", json::Array{job->digest});
  server_.Post(
      "/api/v1/blobs/missing", body, lifetime_.Bind([this, job](const net::Response& response) {
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
               lifetime_.Bind([this, job](const net::Response& response) {
                 if (response.status < 300) return NameIt(job);
                 Failed(job, ErrorOf(response).message());  // most likely it changed on the way
               }));
}

void OutputShipper::NameIt(JobPtr job) {
  json::Value body = json::Object();
  body.Set("name", job->name).Set("digest", job->digest).Set("size", job->file.stamp.size);
  body.Set("source", "scan");
  server_.Post("/api/v1/runs/" + PercentEncode(run_id_) + "/artifacts", body,
               lifetime_.Bind([this, job](const net::Response& response) {
                 if (response.status < 300) return Stored(job);
                 Failed(job, ErrorOf(response).message());
               }));
}

void OutputShipper::Stored(const JobPtr& job) {
  record_.shipped[job->name] = {job->file.stamp, job->digest};
  if (!finishing_) {
    Status saved = SaveRecord(context_.fs, folder_, record_);
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
