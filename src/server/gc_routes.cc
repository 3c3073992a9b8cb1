// Collection and its rules.
#include "server/gc_service.h"

namespace rw::server {
namespace {

void Collect(GcService& service, const CallPtr& call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  auto dry_run = json::OptionalBool(*body, "dry_run", false);
  if (!dry_run) return call->Fail(dry_run.error());
  // The collection waits for the calls that were there before it, not for itself.
  call->at_hand.reset();
  service.Collect(*dry_run, [call](const Result<json::Value>& report) {
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
