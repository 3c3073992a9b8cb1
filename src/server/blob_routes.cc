#include "cas/pack.h"
#include "server/content.h"
#include "server/routes.h"

namespace rw::server {
namespace {

// What clients send by convention, and room for those that count a little differently.
constexpr uint64_t kLargestPack = 4 * cas::kPackBytes;

/// `work` in the pool makes the answer.
void AnswerFromPool(ServerContext& context, std::string_view name, const CallPtr& call,
                    std::function<Result<net::Response>()> work) {
  auto made = std::make_shared<Result<net::Response>>();
  context.pool.Run(
      name, [made, work = std::move(work)] { *made = work(); },
      [made, call] { call->Answer(std::move(*made)); });
}

Result<net::Response> FindMissing(ServerContext& context, const Call& call) {
  auto body = TRY(call.JsonBody());
  std::vector<cas::Digest> digests;
  for (const std::string& hex : TRY(json::OptionalStringList(body, "digests")))
    digests.push_back(TRY(ParseDigest(hex, "digests")));
  json::Array missing;
  for (const cas::Digest& digest : TRY(context.blobs.FindMissing(digests)))
    missing.push_back(digest.Hex());
  json::Value out;
  return net::JsonResponse(out.Set("missing", std::move(missing)));
}

Result<net::Response> PutPack(ServerContext& context, const Call& call) {
  const net::Body& body = call.request.body;
  if (body.size() > kLargestPack)
    return Error(Code::kTooLarge, "a pack has at most 64 MiB; send large blobs one by one");
  std::string read;
  if (body.file) read = TRY(os::ReadFile(context.fs, body.file->path(), kLargestPack));
  auto blobs = TRY(cas::ParsePack(body.file ? read : body.bytes));
  TRY(context.blobs.PutMany(blobs));
  json::Value out;
  return net::JsonResponse(out.Set("stored", static_cast<int64_t>(blobs.size())));
}

Result<net::Response> PutBlob(ServerContext& context, const Call& call) {
  auto digest = TRY(ParseDigest(call.Param("digest"), "digest"));
  TRY(StoreBody(context, call.request.body, digest));
  json::Value out;
  out.Set("digest", digest.Hex()).Set("size", static_cast<int64_t>(call.request.body.size()));
  return net::JsonResponse(out, 201);
}

void GetBlob(ServerContext& context, const CallPtr& call) {
  auto digest = ParseDigest(call->Param("digest"), "digest");
  if (!digest) return call->Fail(digest.error());
  AnswerBlob(context, call, *digest, digest->Hex());
}

}  // namespace

Status StoreBody(ServerContext& context, const net::Body& body, const cas::Digest& digest) {
  if (!body.file) return context.blobs.Put(digest, body.bytes);
  TRY(context.blobs.PutFile(digest, body.file->path()));
  body.file->Disown();
  return Ok();
}

void RegisterBlobRoutes(Router& router, ServerContext& context) {
  router.Add("POST", "/api/v1/blobs/missing", [&](const CallPtr& call) {
    AnswerFromPool(context, "blob.missing", call,
                   [&, call] { return FindMissing(context, *call); });
  });
  router.Add("POST", "/api/v1/blobs/pack", [&](const CallPtr& call) {
    AnswerFromPool(context, "blob.pack", call, [&, call] { return PutPack(context, *call); });
  });
  router.Add("PUT", "/api/v1/blobs/{digest}", [&](const CallPtr& call) {
    AnswerFromPool(context, "blob.put", call, [&, call] { return PutBlob(context, *call); });
  });
  router.Add("GET", "/api/v1/blobs/{digest}", [&](const CallPtr& call) { GetBlob(context, call); });
}

}  // namespace rw::server
