// GET …/runs: searched and written out by a worker, so that a long list holds up nobody.
#include <memory>

#include "json/text.h"
#include "server/run_list.h"
#include "server/run_routes.h"

namespace rw::server {
namespace {

struct Listing {
  meta::RunSearch search;
  meta::RunPage page;
};

/// What a waiting run waits for is known on the loop only.
void FillWaiting(RunService& service, meta::RunText& run) {
  if (!run.may_wait) return;
  meta::RunRow row;
  row.id = run.id;
  row.compute_row = run.compute_row;
  row.state.supervised = true;
  row.state.status = model::RunStatus::kQueued;
  json::Value now;
  service.FillWaiting(row, now);
  if (now["status"].is_null()) return;
  run.state = meta::StateText(now.StringOr("status"), json::Write(now["reason"]));
}

net::Response Show(RunService& service, Listing& listing) {
  std::string out = "{\"items\":[";
  size_t size = out.size() + 200;
  for (const meta::RunText& run : listing.page.runs) size += run.head.size() + 120;
  out.reserve(size);
  bool first = true;
  for (meta::RunText& run : listing.page.runs) {
    FillWaiting(service, run);
    if (!first) out += ',';
    first = false;
    out += run.head;
    out += run.state;
  }
  out += ']';
  if (listing.page.next) {
    out += ",\"next_cursor\":";
    json::AppendQuoted(out, CursorOf(listing.search, *listing.page.next));
  }
  out += '}';
  net::Response response;
  response.headers["Content-Type"] = "application/json";
  response.body.bytes = std::move(out);
  return response;
}

void Search(RunService& service, const CallPtr& call, const std::shared_ptr<Listing>& listing) {
  ReadAside(
      service.context(), "runs.list",
      [listing](db::Connection& db) -> Status {
        listing->page = TRY(meta::SearchRuns(db, listing->search));
        return Ok();
      },
      [&service, call, listing](Status status) {
        if (!status) return call->Fail(status.error());
        call->Answer(Show(service, *listing));
      });
}

void List(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  Status may = context.auth.MayReadWorkspace(call->principal, call->Param("ws"));
  if (!may) return call->Fail(may.error());
  auto search = ReadRunSearch(*call, context.options.url);
  if (!search) return call->Fail(search.error());
  auto listing = std::make_shared<Listing>();
  listing->search = *std::move(search);
  if (!listing->search.NeedsMetrics()) return Search(service, call, listing);
  service.metric_sorter().Settle([&service, call, listing] { Search(service, call, listing); });
}

}  // namespace

void RegisterRunListRoute(Router& router, RunService& service) {
  router.Add("GET", "/api/v1/workspaces/{ws}/runs",
             [&service](const CallPtr& call) { List(service, call); });
}

}  // namespace rw::server
