// Collection and its rules.
#include "server/gc_service.h"

namespace rw::server {
namespace {

Result<GcService::Request> ReadRequest(const json::Value& body) {
  GcService::Request out;
  out.dry_run = TRY(json::OptionalBool(body, "dry_run", false));
  std::string only = TRY(json::OptionalString(body, "only"));
  if (!only.empty() && only != "builds")
    return Error(Code::kInvalidArgument, "only is \"builds\", or left out for everything", "only");
  out.builds_only = !only.empty();
  const json::Value& days = body["build_days"];
  if (days.is_null()) return out;
  if (!days.is_number() || !(days.as_double() >= 0) || days.as_double() > 36'500)
    return Error(Code::kInvalidArgument, "build_days is a number of days, 0 to 36500",
                 "build_days");
  out.build_days = days.as_double();
  return out;
}

void Collect(GcService& service, const CallPtr& call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  auto request = ReadRequest(*body);
  if (!request) return call->Fail(request.error());
  // The collection waits for the calls that were there before it, not for itself.
  call->at_hand.reset();
  service.Collect(*request, [call](const Result<json::Value>& report) {
    if (!report) return call->Fail(report.error());
    call->Json(*report);
  });
}

void SetRules(ServerContext& context, const CallPtr& call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  CommitAndAnswer(context, "retention.set", call,
                  [change = *std::move(body)](db::Connection& db) -> Result<net::Response> {
                    auto rules = TRY(meta::ChangeRetention(TRY(meta::LoadRetention(db)), change));
                    TRY(meta::SaveRetention(db, rules));
                    return net::JsonResponse(meta::ToJson(rules));
                  });
}

}  // namespace

void RegisterGcRoutes(Router& router, ServerContext& context, GcService& service) {
  router.Add(
      "POST", "/api/v1/server/gc", [&](const CallPtr& call) { Collect(service, call); },
      Access::kOwner);
  router.AddSync("GET", "/api/v1/server/retention", [&](Call&) -> Result<net::Response> {
    return net::JsonResponse(meta::ToJson(TRY(meta::LoadRetention(context.read))));
  });
  router.Add(
      "PATCH", "/api/v1/server/retention", [&](const CallPtr& call) { SetRules(context, call); },
      Access::kOwner);
}

}  // namespace rw::server
