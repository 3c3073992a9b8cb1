#include "executor/log_tails.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr size_t kMostTails = 64;
constexpr size_t kAtOnce = 4;
constexpr uint64_t kMostBytes = 1 << 20;
}  // namespace

struct LogTails::Piece {
  uint64_t at = 0;
  std::string bytes;
  Status status = Ok();
};

LogTails::LogTails(Context& context, ServerLink& server, Offsets& offsets, std::string run_id,
                   RunFolder folder)
    : context_(context),
      server_(server),
      offsets_(offsets),
      run_id_(std::move(run_id)),
      folder_(std::move(folder)) {}

bool LogTails::Streams(const std::string& name) const {
  auto at = tails_.find(name);
  return at != tails_.end() && !at->second->broken;
}

void LogTails::Look(const std::map<std::string, FileStamp>& files) {
  for (const auto& [name, stamp] : files) {
    auto at = tails_.find(name);
    if (at == tails_.end()) {
      if (tails_.size() >= kMostTails) continue;
      at = tails_.emplace(name, std::make_shared<Tail>()).first;
      at->second->inode = stamp.inode;
      at->second->acked = offsets_.Get(Offsets::LogKey(name));
      at->second->hash_known = at->second->acked == 0;
    }
    Tail& tail = *at->second;
    if (stamp.inode != tail.inode || stamp.size < tail.acked) tail.broken = true;
    tail.size = stamp.size;
  }
  Next();
}

void LogTails::Next() {
  for (auto& [name, tail] : tails_) {
    if (active_ >= kAtOnce) return;
    if (!tail->busy && !tail->broken && tail->acked < tail->size) Send(name);
  }
  if (active_ == 0 && done_) Verify();
}

void LogTails::Send(const std::string& name) {
  auto tail = tails_[name];
  tail->busy = true;
  active_++;
  auto piece = std::make_shared<Piece>();
  piece->at = tail->acked;
  context_.pool.Run(
      "logs.read",
      [tail, piece, name, &fs = context_.fs, folder = folder_] {
        piece->status = [&]() -> Status {
          OutputFile now = TRY(OutputFileOf(fs, folder, name));
          if (now.stamp.inode != tail->inode || now.stamp.size < piece->at)
            return Error(Code::kConflict, "the file was replaced");
          auto file = TRY(fs.Open(now.path, os::OpenMode::kRead));
          piece->bytes.resize(std::min(now.stamp.size - piece->at, kMostBytes));
          piece->bytes.resize(TRY(file->ReadAt(piece->at, std::span<char>(piece->bytes))));
          tail->hash.Update(piece->bytes);
          return Ok();
        }();
      },
      lifetime_.Bind([this, tail, piece, name] {
        if (!piece->status || piece->bytes.empty()) {
          tail->broken = true;
          return Answered(name, *piece, {});
        }
        net::Request request;
        request.method = "POST";
        request.path = "/api/v1/runs/" + PercentEncode(run_id_) + "/logs";
        request.query = {{"name", name}, {"offset", std::to_string(piece->at)}};
        request.headers["Content-Type"] = "application/octet-stream";
        request.body.bytes = piece->bytes;
        server_.Call(std::move(request), std::chrono::seconds(30),
                     lifetime_.Bind([this, piece, name](const net::Response& response) {
                       Answered(name, *piece, response);
                     }));
      }));
}

void LogTails::Answered(const std::string& name, const Piece& piece,
                        const net::Response& response) {
  Tail& tail = *tails_[name];
  tail.busy = false;
  active_--;
  auto body = json::Parse(response.body.bytes);
  int64_t acked = body ? body->IntOr("acked", -1) : -1;
  if (!tail.broken && acked < 0) {
    LOG_WARN("logs.refused", {"name", name}, {"status", response.status});
    tail.broken = true;
  }
  if (!tail.broken) {
    // Another offset than the piece's end: the server knows more, or less, than we remember.
    tail.hash_known &= static_cast<uint64_t>(acked) == piece.at + piece.bytes.size();
    tail.acked = static_cast<uint64_t>(acked);
    tail.size = std::max(tail.size, piece.at + piece.bytes.size());
    offsets_.Set(Offsets::LogKey(name), tail.acked);
  }
  Next();
}

void LogTails::Finish(const std::map<std::string, FileStamp>& files,
                      std::function<void(std::set<std::string>)> done) {
  done_ = std::move(done);
  Look(files);
}

void LogTails::Verify() {
  auto whole = std::make_shared<std::set<std::string>>();
  context_.pool.Run(
      "logs.verify",
      [whole, tails = tails_, &fs = context_.fs, folder = folder_] {
        for (const auto& [name, tail] : tails) {
          if (tail->broken || !tail->hash_known) continue;
          auto file = OutputFileOf(fs, folder, name);
          if (!file || file->stamp.size != tail->acked) continue;
          // A file that was written over in its middle has kept its size.
          auto now = HashFile(fs, file->path);
          if (now && *now == tail->hash.FinishHex()) whole->insert(name);
        }
      },
      lifetime_.Bind([done = std::exchange(done_, nullptr), whole] { done(std::move(*whole)); }));
}

}  // namespace rw::executor
