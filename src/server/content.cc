#include "server/content.h"

#include "base/strings.h"
#include "os/paths.h"
#include "server/byte_range.h"
#include "server/server_context.h"

namespace rw::server {
namespace {

// Up to here a body is held in memory, verified with the same read.
constexpr uint64_t kInline = 64 << 10;
constexpr size_t kMostSeen = 100'000;

bool IsText(const std::string& name) {
  for (std::string_view ending : {".txt", ".log", ".csv", ".json", ".yml", ".yaml", ".py", ".md"})
    if (name.size() > ending.size() && name.substr(name.size() - ending.size()) == ending)
      return true;
  return false;
}

/// Files come from users' scripts: a browser must never run one as a page of this server.
void DescribeContent(const std::string& name, net::Response* response) {
  response->headers["Content-Type"] =
      IsText(name) ? "text/plain; charset=utf-8" : "application/octet-stream";
  response->headers["X-Content-Type-Options"] = "nosniff";
  response->headers["Content-Security-Policy"] = "sandbox; default-src 'none'";
  response->headers["Accept-Ranges"] = "bytes";
  if (!IsText(name))
    response->headers["Content-Disposition"] =
        "attachment; filename*=UTF-8''" + PercentEncode(os::BaseName(name));
}

/// Sets status and headers for the Range of `call`; the part that the body is to have.
Result<ByteRange> Choose(const Call& call, uint64_t size, net::Response* response) {
  auto range = TRY(ParseByteRange(call.request.Header("Range"), size));
  if (!range) return ByteRange{0, size};
  response->status = 206;
  response->headers["Content-Range"] = "bytes " + std::to_string(range->offset) + "-" +
                                       std::to_string(range->offset + range->size - 1) + "/" +
                                       std::to_string(size);
  return *range;
}

net::Response Unsatisfiable(const Error& error, uint64_t size) {
  net::Response response = net::ErrorResponse(error);
  response.status = 416;
  response.headers["Content-Range"] = "bytes */" + std::to_string(size);
  return response;
}

struct Ready {
  uint64_t size = 0;
  bool is_inline = false;
  std::string bytes;
};

Result<Ready> Prepare(ServerContext& context, const cas::Digest& digest) {
  Ready ready;
  ready.size = TRY(context.blobs.Size(digest));
  ready.is_inline = ready.size <= kInline;
  if (ready.is_inline)
    ready.bytes = TRY(cas::ReadBlob(context.blobs, digest, kInline));
  else
    TRY(context.verified.Check(digest));
  return ready;
}

}  // namespace

Result<cas::Digest> ParseDigest(const std::string& hex, std::string_view field) {
  auto digest = cas::Digest::Parse(hex);
  if (digest) return *digest;
  return Error(Code::kInvalidArgument,
               std::string(field) + " must be 64 lower-case hex digits (SHA-256), not '" +
                   hex.substr(0, 80) + "'",
               std::string(field));
}

Result<VerifiedBlobs::Seen> VerifiedBlobs::Look(const cas::Digest& digest) {
  auto info = TRY(fs_.Stat(store_.Path(digest)));
  return Seen{info.mtime_ns, info.ctime_ns, info.inode, info.size};
}

Result<uint64_t> VerifiedBlobs::Check(const cas::Digest& digest) {
  Seen before = TRY(Look(digest));
  {
    std::lock_guard lock(mutex_);
    auto found = seen_.find(digest);
    if (found != seen_.end() && found->second == before) return before.size;
  }
  TRY(cas::VerifyBlob(store_, digest));
  std::lock_guard lock(mutex_);
  if (seen_.size() >= kMostSeen) seen_.clear();
  seen_[digest] = before;
  return before.size;
}

namespace {

/// A damaged or lost blob is told as what it is to people: a file of their run.
Error OfFile(const Error& error, const Call& call, const std::string& name) {
  bool lost = error.code() == Code::kNotFound && name.size() != cas::Digest::kHexSize;
  if (error.code() != Code::kCorrupt && !lost) return error;
  std::string owner;
  for (const auto& [key, value] : call.params) {
    if (key == "run") owner = " of run " + value;
    if (key == "name") owner = " of model " + value;
  }
  return Error(Code::kCorrupt, "file '" + name + "'" + owner + ": " + error.message());
}

}  // namespace

void AnswerBlob(ServerContext& context, CallPtr call, const cas::Digest& digest,
                const std::string& name) {
  auto ready = std::make_shared<Result<Ready>>();
  context.pool.Run(
      "blob.verify", [&context, ready, digest] { *ready = Prepare(context, digest); },
      [&context, ready, digest, name, call] {
        if (!*ready) return call->Fail(OfFile(ready->error(), *call, name));
        net::Response response;
        DescribeContent(name, &response);
        response.headers["X-Runwright-Digest"] = digest.Hex();
        response.headers["ETag"] = "\"" + digest.Hex() + "\"";
        auto part = Choose(*call, (*ready)->size, &response);
        if (!part) return call->Answer(Unsatisfiable(part.error(), (*ready)->size));
        if ((*ready)->is_inline)
          response.body.bytes = (*ready)->bytes.substr(part->offset, part->size);
        else
          response.body.file =
              std::make_shared<net::FileBody>(context.blobs.Path(digest), part->offset, part->size);
        call->Answer(std::move(response));
      });
}

void AnswerFile(CallPtr call, const std::string& path, uint64_t size, const std::string& name) {
  net::Response response;
  DescribeContent(name, &response);
  response.headers["Cache-Control"] = "no-store";
  auto part = Choose(*call, size, &response);
  if (!part) return call->Answer(Unsatisfiable(part.error(), size));
  if (part->size > 0)
    response.body.file = std::make_shared<net::FileBody>(path, part->offset, part->size);
  call->Answer(std::move(response));
}

}  // namespace rw::server
