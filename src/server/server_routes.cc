#include "server/pages.h"
#include "server/routes.h"

namespace rw::server {
namespace {

Result<int64_t> Count(db::Connection& db, std::string_view sql) {
  auto row = TRY(db.Prepare(sql));
  TRY(row.Step());
  return row.Int(0);
}

Result<net::Response> Info(ServerContext& context, int64_t started_us) {
  json::Value counts;
  counts.Set("workspaces", TRY(Count(context.read, "SELECT count(*) FROM workspaces")));
  counts.Set("runs",
             TRY(Count(context.read, "SELECT count(*) FROM runs WHERE deleted_us IS NULL")));
  counts.Set("active_runs", TRY(Count(context.read,
                                      "SELECT count(*) FROM runs WHERE status NOT IN"
                                      " ('Completed','Failed','Canceled')")));
  counts.Set("models", TRY(Count(context.read, "SELECT count(*) FROM models")));
  json::Value out;
  out.Set("version", context.options.version).Set("url", context.options.url);
  out.Set("runs", context.paths.runs).Set("time_us", context.NowMicros());
  out.Set("data", context.paths.data).Set("pid", context.options.pid);
  out.Set("started_time", FormatUtc(started_us));
  out.Set("uptime_seconds", (context.clock.WallMicros() - started_us) / 1'000'000);
  out.Set("counts", std::move(counts));
  return net::JsonResponse(out);
}

}  // namespace

void RegisterServerRoutes(Router& router, ServerContext& context, std::function<void()> stop) {
  int64_t started_us = context.NowMicros();
  router.AddSync(
      "GET", "/healthz",
      [&context](Call&) -> Result<net::Response> {
        json::Value out;
        out.Set("status", "ok").Set("version", context.options.version);
        return net::JsonResponse(out);
      },
      Access::kPublic);
  router.AddSync("GET", "/api/v1/openapi.yaml", [](Call&) -> Result<net::Response> {
    net::Response response;
    response.headers["Content-Type"] = "application/yaml; charset=utf-8";
    response.body.bytes = OpenApiYaml();
    return response;
  });
  router.AddSync("GET", "/api/v1/server",
                 [&context, started_us](Call&) { return Info(context, started_us); });
  router.Add(
      "POST", "/api/v1/server/stop",
      [&context, stop = std::move(stop)](const CallPtr& call) {
        json::Value out;
        call->Json(out.Set("stopping", true), 202);
        if (stop) context.loop.Post("server.stop", stop);
      },
      Access::kOwner);
}

}  // namespace rw::server
