#include "server/salvage_outputs.h"

#include "base/hash.h"
#include "base/log.h"
#include "meta/run_ref.h"

namespace rw::server {
namespace {

constexpr size_t kMostFiles = 10'000;
constexpr size_t kPiece = 1 << 20;
constexpr auto kAgain = std::chrono::seconds(1);

/// The bytes of `from` as they are now, and their hash.
Result<std::string> Copy(os::FileSystem& fs, const std::string& from, const std::string& to,
                         int64_t* size) {
  auto in = TRY(fs.Open(from, os::OpenMode::kRead));
  auto out = TRY(fs.Open(to, os::OpenMode::kTruncate, 0600));
  std::string buffer(kPiece, '\0');
  Sha256 hash;
  uint64_t at = 0;
  while (size_t n = TRY(in->ReadAt(at, std::span<char>(buffer)))) {
    std::string_view piece = std::string_view(buffer).substr(0, n);
    TRY(out->WriteAt(at, piece));
    hash.Update(piece);
    at += n;
  }
  *size = static_cast<int64_t>(at);
  return hash.FinishHex();
}

Status StoreCopy(cas::FolderBlobStore& blobs, const std::string& digest, const std::string& path) {
  return blobs.PutFile(TRY(cas::Digest::Parse(digest)), path);
}

}  // namespace

struct SalvageOutputs::Found {
  backend::OutputScan scan;
  backend::OutputRecord record;
};

void SalvageOutputs::Start(ServerContext& context, const std::string& run_id,
                           const std::string& folder, int64_t give_up_boot_us, Done done) {
  std::shared_ptr<SalvageOutputs> self(
      new SalvageOutputs(context, run_id, folder, give_up_boot_us, std::move(done)));
  self->Find();
}

void SalvageOutputs::Find() {
  auto found = std::make_shared<Found>();
  context_.pool.Run(
      "salvage.scan",
      [found, folder = folder_, &fs = context_.fs] {
        found->scan = backend::ScanOutputs(fs, folder + "/work");
        found->record = backend::OutputRecord::Load(fs, folder + "/state/outputs.json");
      },
      [self = shared_from_this(), found] {
        self->out_.problems = std::move(found->scan.problems);
        size_t left = 0;
        for (const auto& [name, stamp] : found->scan.files) {
          if (found->record.HasStamp(name, stamp)) continue;
          if (self->names_.size() < kMostFiles) {
            self->names_.push_back(name);
          } else {
            left++;
          }
        }
        if (left > 0)
          self->out_.problems.push_back(std::to_string(left) + " files more than " +
                                        std::to_string(kMostFiles) + " were not stored");
        self->record_ = std::make_shared<backend::OutputRecord>(std::move(found->record));
        self->Next();
      });
}

void SalvageOutputs::Next() {
  if (names_.empty()) return done_(std::move(out_));
  Store(names_.front());
}

void SalvageOutputs::Store(const std::string& name) {
  auto stored = std::make_shared<Stored>();
  stored->artifact.name = name;
  std::string copy = context_.paths.spool + "/salvage-" + context_.random.Hex(8);
  context_.pool.Run(
      "salvage.store",
      [stored, copy, folder = folder_, record = record_, &fs = context_.fs,
       &blobs = context_.blobs] {
        meta::Artifact& artifact = stored->artifact;
        auto work = [&]() -> Status {
          auto file = TRY(backend::OutputFileOf(fs, folder + "/work", artifact.name));
          artifact.digest = TRY(Copy(fs, file.path, copy, &artifact.size));
          if (record->IsStored(artifact.name, file.stamp, artifact.digest)) artifact.digest = "";
          return artifact.digest.empty() ? Ok() : StoreCopy(blobs, artifact.digest, copy);
        };
        stored->status = work();
        if (!stored->status || artifact.digest.empty()) (void)fs.Remove(copy);
      },
      [self = shared_from_this(), stored] {
        const std::string& name = stored->artifact.name;
        if (!stored->status) return self->Failed(name, stored->status.error());
        if (!stored->artifact.digest.empty()) return self->Name(std::move(stored->artifact));
        self->names_.pop_front();
        self->Next();
      });
}

void SalvageOutputs::Name(meta::Artifact artifact) {
  artifact.source = "scan";
  artifact.updated_us = context_.NowMicros();
  context_.writer.Submit(
      "salvage.name",
      [run = run_id_, artifact](db::Connection& db) -> Status {
        auto ref = TRY(meta::FindRunRef(db, run));
        TRY(meta::ArtifactRepository(db).Name(ref.row, artifact));
        return Ok();
      },
      [self = shared_from_this(), artifact](const Status& status) {
        self->Named(artifact, status);
      });
}

void SalvageOutputs::Named(const meta::Artifact& artifact, const Status& status) {
  if (!status) return Failed(artifact.name, status.error());
  context_.events.Publish(run_id_, {RunEvent::Kind::kArtifact, artifact.name});
  out_.files++;
  out_.bytes += artifact.size;
  names_.pop_front();
  Next();
}

void SalvageOutputs::Failed(const std::string& name, const Error& error) {
  if (error.code() == Code::kNoSpace && context_.clock.BootMicros() < give_up_boot_us_) {
    context_.loop.After("salvage.again", kAgain, [self = shared_from_this()] { self->Next(); });
    return;
  }
  LOG_WARN("salvage.not_stored", {"run", run_id_}, {"name", name}, {"error", error.message()});
  out_.problems.push_back(name + " was not stored: " + error.message());
  names_.pop_front();
  Next();
}

}  // namespace rw::server
