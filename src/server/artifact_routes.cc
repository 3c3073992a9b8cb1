#include "base/hash.h"
#include "meta/artifacts.h"
#include "meta/run_ref.h"
#include "os/paths.h"
#include "server/content.h"
#include "server/routes.h"

namespace rw::server {
namespace {

Result<net::Response> ListArtifacts(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadRun(call.principal, call.Param("run")));
  auto run = TRY(meta::FindRunRef(context.read, call.Param("run")));
  auto prefix = call.request.Query("prefix").value_or("");
  json::Array items;
  for (const auto& artifact : TRY(meta::ArtifactRepository(context.read).List(run.row, prefix)))
    items.push_back(meta::ToJson(artifact));
  json::Value out;
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<net::Response> NameArtifact(db::Connection& db, const std::string& run_id,
                                   meta::Artifact artifact) {
  auto run = TRY(meta::FindRunRef(db, run_id));
  meta::ArtifactRepository artifacts(db);
  meta::Naming naming = TRY(artifacts.Name(run.row, artifact));
  if (naming == meta::Naming::kSame || naming == meta::Naming::kKept)
    artifact = *TRY(artifacts.Find(run.row, artifact.name));
  json::Value out = meta::ToJson(artifact);
  out.Set("kept", naming == meta::Naming::kKept);
  bool made = naming == meta::Naming::kNew || naming == meta::Naming::kReplaced;
  return net::JsonResponse(out, made ? 201 : 200);
}

void Name(ServerContext& context, const CallPtr& call, meta::Artifact artifact) {
  const std::string& run = call->Param("run");
  artifact.updated_us = context.NowMicros();
  CommitAndAnswer(
      context, "artifact.name", call,
      [run, artifact](db::Connection& db) { return NameArtifact(db, run, artifact); },
      [&context, run, name = artifact.name] {
        context.events.Publish(run, {RunEvent::Kind::kArtifact, name});
      });
}

Result<meta::Artifact> ArtifactOf(ServerContext& context, const Call& call) {
  TRY(context.auth.MayWriteRun(call.principal, call.Param("run")));
  auto body = TRY(call.JsonBody());
  meta::Artifact artifact;
  artifact.name = TRY(os::CleanRelativePath(TRY(json::RequireString(body, "name")), "name"));
  artifact.digest = TRY(json::RequireString(body, "digest"));
  TRY(ParseDigest(artifact.digest, "digest"));
  artifact.size = TRY(json::OptionalInt(body, "size", -1, 0, INT64_MAX));
  artifact.source = TRY(json::OptionalString(body, "source", "upload"));
  if (artifact.source != "upload" && artifact.source != "scan")
    return Error(Code::kInvalidArgument,
                 "source must be 'upload' or 'scan', not '" + artifact.source + "'", "source");
  return artifact;
}

/// `artifact`'s blob is here; an unknown size (-1) becomes known.
Status CheckStored(ServerContext& context, meta::Artifact* artifact) {
  auto size = context.blobs.Size(TRY(ParseDigest(artifact->digest, "digest")));
  if (!size && size.error().code() == Code::kNotFound)
    return Error(Code::kFailedPrecondition,
                 "no blob " + artifact->digest + " here; upload it (PUT /api/v1/blobs/" +
                     artifact->digest + ") and repeat",
                 "digest");
  if (!size) return size.error();
  if (artifact->size >= 0 && artifact->size != static_cast<int64_t>(*size))
    return Error(
        Code::kInvalidArgument,
        "the blob has " + std::to_string(*size) + " bytes, not " + std::to_string(artifact->size),
        "size");
  artifact->size = static_cast<int64_t>(*size);
  return Ok();
}

void AddArtifact(ServerContext& context, const CallPtr& call) {
  auto artifact = ArtifactOf(context, *call);
  if (!artifact) return call->Fail(artifact.error());
  Status stored = CheckStored(context, &*artifact);
  if (!stored) return call->Fail(stored.error());
  Name(context, call, *std::move(artifact));
}

Result<cas::Digest> HashBody(os::FileSystem& fs, const net::Body& body) {
  if (!body.file) return cas::Digest::Of(body.bytes);
  auto file = TRY(fs.Open(body.file->path(), os::OpenMode::kRead));
  std::string buffer(256 << 10, '\0');
  Sha256 hash;
  for (uint64_t at = 0;;) {
    size_t n = TRY(file->ReadAt(at, std::span(buffer.data(), buffer.size())));
    if (n == 0) break;
    hash.Update(std::string_view(buffer).substr(0, n));
    at += n;
  }
  return cas::Digest::Parse(hash.FinishHex());
}

Result<meta::Artifact> StoreUpload(ServerContext& context, const Call& call,
                                   const std::string& name) {
  auto digest = TRY(HashBody(context.fs, call.request.body));
  auto size = static_cast<int64_t>(call.request.body.size());
  TRY(StoreBody(context, call.request.body, digest));
  return meta::Artifact{name, digest.Hex(), size, "upload", 0, 0};
}

Result<std::string> UploadName(ServerContext& context, const Call& call) {
  TRY(context.auth.MayWriteRun(call.principal, call.Param("run")));
  return os::CleanRelativePath(TRY(call.RequireQuery("name")), "name");
}

void UploadArtifact(ServerContext& context, const CallPtr& call) {
  auto name = UploadName(context, *call);
  if (!name) return call->Fail(name.error());
  auto stored = std::make_shared<Result<meta::Artifact>>();
  context.pool.Run(
      "artifact.store",
      [&context, stored, call, name = *name] { *stored = StoreUpload(context, *call, name); },
      [&context, stored, call] {
        if (!*stored) return call->Fail(stored->error());
        Name(context, call, **stored);
      });
}

Result<meta::Artifact> FindArtifact(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadRun(call.principal, call.Param("run")));
  auto name = TRY(os::CleanRelativePath(TRY(call.RequireQuery("name")), "name"));
  auto run = TRY(meta::FindRunRef(context.read, call.Param("run")));
  auto found = TRY(meta::ArtifactRepository(context.read).Find(run.row, name));
  if (found) return *std::move(found);
  return Error(Code::kNotFound, "run " + run.id + " has no file '" + name + "'", "name");
}

void GetArtifact(ServerContext& context, const CallPtr& call) {
  auto artifact = FindArtifact(context, *call);
  if (!artifact) return call->Fail(artifact.error());
  if (artifact->live())
    return AnswerFile(call, context.paths.LogFile(call->Param("run"), artifact->log_number),
                      static_cast<uint64_t>(artifact->size), artifact->name);
  auto digest = ParseDigest(artifact->digest, "digest");
  if (!digest) return call->Fail(digest.error());
  AnswerBlob(context, call, *digest, artifact->name);
}

}  // namespace

void RegisterArtifactRoutes(Router& router, ServerContext& context) {
  const std::string all = "/api/v1/runs/{run}/artifacts";
  router.AddSync("GET", all, [&](Call& call) { return ListArtifacts(context, call); });
  router.Add("POST", all, [&](const CallPtr& call) { AddArtifact(context, call); });
  router.Add("GET", all + "/content", [&](const CallPtr& call) { GetArtifact(context, call); });
  router.Add("PUT", all + "/content", [&](const CallPtr& call) { UploadArtifact(context, call); });
}

}  // namespace rw::server
