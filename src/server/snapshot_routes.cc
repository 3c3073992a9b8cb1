#include "meta/snapshots.h"
#include "server/content.h"
#include "server/routes.h"

namespace rw::server {
namespace {

json::Value ToJson(const meta::SnapshotRecord& snapshot) {
  json::Value out;
  out.Set("id", snapshot.id).Set("files", snapshot.files);
  return out.Set("bytes", snapshot.bytes);
}

net::Response MissingBlobs(const std::vector<cas::Digest>& digests) {
  Error error(Code::kFailedPrecondition,
              std::to_string(digests.size()) +
                  " blobs of the snapshot are not here; upload them "
                  "(POST /api/v1/blobs/pack) and repeat",
              "id");
  json::Array missing;
  for (const cas::Digest& digest : digests) missing.push_back(digest.Hex());
  return ErrorWith(error, "missing", std::move(missing));
}

void Record(ServerContext& context, const CallPtr& call, const meta::SnapshotRecord& snapshot) {
  CommitAndAnswer(context, "snapshot.create", call,
                  [snapshot](db::Connection& db) -> Result<net::Response> {
                    TRY(meta::SnapshotRepository(db).Insert(snapshot));
                    return net::JsonResponse(ToJson(snapshot), 201);
                  });
}

Result<cas::Digest> IdOf(const Call& call) {
  auto body = TRY(call.JsonBody());
  return ParseDigest(TRY(json::RequireString(body, "id")), "id");
}

void CreateSnapshot(ServerContext& context, const CallPtr& call) {
  auto id = IdOf(*call);
  if (!id) return call->Fail(id.error());
  auto known = meta::SnapshotRepository(context.read).Find(id->Hex());
  if (!known) return call->Fail(known.error());
  if (*known) return call->Json(ToJson(**known));
  auto closure = std::make_shared<Result<cas::Closure>>();
  context.pool.Run(
      "snapshot.check", [&context, closure, id = *id] { *closure = context.closures.Check(id); },
      [&context, closure, id = *id, call] {
        if (!*closure) return call->Fail(closure->error());
        const cas::Closure& found = **closure;
        if (!found.missing.empty()) return call->Answer(MissingBlobs(found.missing));
        Record(context, call,
               {id.Hex(), static_cast<int64_t>(found.files), static_cast<int64_t>(found.bytes),
                context.NowMicros()});
      });
}

Result<json::Value> Entries(ServerContext& context, const cas::Digest& id) {
  json::Array entries;
  for (const auto& [path, entry] : TRY(cas::ListSnapshot(context.blobs, id))) {
    json::Value item;
    item.Set("path", path).Set("mode", cas::ModeText(entry.mode));
    item.Set("digest", entry.digest.Hex()).Set("size", static_cast<int64_t>(entry.size));
    entries.push_back(std::move(item));
  }
  return json::Value(std::move(entries));
}

void GetSnapshot(ServerContext& context, const CallPtr& call) {
  const std::string& id = call->Param("id");
  auto digest = ParseDigest(id, "id");
  if (!digest) return call->Fail(digest.error());
  auto known = meta::SnapshotRepository(context.read).Find(id);
  if (!known) return call->Fail(known.error());
  if (!*known) return call->Fail(Error(Code::kNotFound, "no snapshot '" + id + "'", "id"));
  auto entries = std::make_shared<Result<json::Value>>();
  context.pool.Run(
      "snapshot.list",
      [&context, entries, digest = *digest] { *entries = Entries(context, digest); },
      [entries, known = **known, call] {
        if (!*entries) return call->Fail(entries->error());
        json::Value out = ToJson(known);
        call->Json(out.Set("entries", std::move(**entries)));
      });
}

}  // namespace

void RegisterSnapshotRoutes(Router& router, ServerContext& context) {
  router.Add("POST", "/api/v1/snapshots",
             [&](const CallPtr& call) { CreateSnapshot(context, call); });
  router.Add("GET", "/api/v1/snapshots/{id}",
             [&](const CallPtr& call) { GetSnapshot(context, call); });
}

}  // namespace rw::server
