// Logs on their way in, and followers.
#include "base/strings.h"
#include "os/paths.h"
#include "server/log_follower.h"
#include "server/run_routes.h"

namespace rw::server {
namespace {

constexpr uint64_t kLargestPiece = uint64_t{64} << 20;

net::Response AnswerOf(const LogStore::Written& written, const std::string& name) {
  json::Value out = json::Object();
  out.Set("acked", written.acked);
  if (!written.gap) return net::JsonResponse(out);
  net::Response response = net::ErrorResponse(Error(
      Code::kConflict,
      "a gap: log '" + name + "' is known up to byte " + std::to_string(written.acked), "offset"));
  auto body = json::Parse(response.body.bytes);
  if (body) response.body.bytes = json::Write(body->Set("acked", written.acked));
  return response;
}

Status CheckShipment(RunService& service, const Call& call) {
  TRY(service.context().auth.MayWriteRun(call.principal, call.Param("run")));
  TRY(CheckFence(service.context().read, FenceOf(call)));
  if (call.request.body.size() > kLargestPiece) {
    return Error(Code::kTooLarge, "a piece of a log has at most 64 MiB", "body");
  }
  return Ok();
}

void Ship(RunService& service, const CallPtr& call) {
  Status may = CheckShipment(service, *call);
  if (!may) return call->Fail(may.error());
  auto given = call->RequireQuery("name");
  if (!given) return call->Fail(given.error());
  auto name = os::CleanRelativePath(*given, "name");
  if (!name) return call->Fail(name.error());
  auto required = call->RequireQuery("offset");
  if (!required) return call->Fail(required.error());
  auto offset = call->QueryInt("offset", 0, 0, INT64_MAX);
  if (!offset) return call->Fail(offset.error());
  service.logs().Write(call->Param("run"), *name, *offset, std::move(call->request.body),
                       FenceOf(*call), [call, name = *name](Result<LogStore::Written> written) {
                         if (!written) return call->Fail(written.error());
                         call->Answer(AnswerOf(*written, name));
                       });
}

void Follow(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  Status may = context.auth.MayReadRun(call->principal, call->Param("run"));
  if (!may) return call->Fail(may.error());
  auto follow = call->QueryBool("follow", true);
  if (!follow) return call->Fail(follow.error());
  FollowRequest request{call->Param("run"), call->request.Query("name"), {}, *follow};
  for (const std::string& from : call->request.QueryAll("from")) {
    size_t colon = from.rfind(':');
    auto offset = colon == std::string::npos ? std::nullopt : ParseInt(from.substr(colon + 1));
    if (!offset || *offset < 0) {
      return call->Fail(
          Error(Code::kInvalidArgument, "from must be NAME:OFFSET, not '" + from + "'", "from"));
    }
    request.from[from.substr(0, colon)] = *offset;
  }
  LogFollower::Start(service, std::move(request), *call->responder);
}

}  // namespace

void RegisterLogRoutes(Router& router, RunService& service) {
  router.Add("POST", "/api/v1/runs/{run}/logs",
             [&service](const CallPtr& call) { Ship(service, call); });
  router.Add("GET", "/api/v1/runs/{run}/logs",
             [&service](const CallPtr& call) { Follow(service, call); });
}

}  // namespace rw::server
