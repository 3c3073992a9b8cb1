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

struct Place {
  std::string name;
  int64_t offset = 0;
};

Result<Place> PlaceOf(RunService& service, const Call& call) {
  TRY(CheckShipment(service, call));
  Place place;
  place.name = TRY(os::CleanRelativePath(TRY(call.RequireQuery("name")), "name"));
  TRY(call.RequireQuery("offset"));
  place.offset = TRY(call.QueryInt("offset", 0, 0, INT64_MAX));
  return place;
}

void Ship(RunService& service, const CallPtr& call) {
  auto place = PlaceOf(service, *call);
  if (!place) return call->Fail(place.error());
  service.logs().Write(call->Param("run"), place->name, place->offset,
                       std::move(call->request.body), FenceOf(*call),
                       [call, name = place->name](Result<LogStore::Written> written) {
                         if (!written) return call->Fail(written.error());
                         call->Answer(AnswerOf(*written, name));
                       });
}

void Preview(RunService& service, const CallPtr& call) {
  auto place = PlaceOf(service, *call);
  if (!place) return call->Fail(place.error());
  auto shown =
      service.logs().Preview(call->Param("run"), place->name, place->offset, call->request.body);
  if (!shown) return call->Fail(shown.error());
  json::Value out = json::Object();
  call->Answer(net::JsonResponse(out.Set("shown", *shown)));
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
  router.Add("POST", "/api/v1/runs/{run}/logs/preview",
             [&service](const CallPtr& call) { Preview(service, call); });
  router.Add("GET", "/api/v1/runs/{run}/logs",
             [&service](const CallPtr& call) { Follow(service, call); });
}

}  // namespace rw::server
