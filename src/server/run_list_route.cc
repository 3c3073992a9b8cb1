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

/// What a waiting run waits for is known on the loop only; null where it does not.
json::Value Waiting(const RunService& service, const meta::RunText& run) {
  meta::RunRow row;
  row.id = run.id;
  row.compute_row = run.compute_row;
  row.state.supervised = true;
  row.state.status = model::RunStatus::kQueued;
  json::Value now;
  if (run.may_wait) service.FillWaiting(row, now);
  return now;
}

/// The page's runs, those that wait as they are now.
std::string Present(const RunService& service, meta::RunPage& page) {
  std::string text;
  size_t copied = 0;
  for (const meta::RunText& run : page.runs) {
    json::Value now = Waiting(service, run);
    if (now["status"].is_null()) continue;
    text.append(page.text, copied, run.state - copied);
    meta::AppendState(text, now.StringOr("status"), json::Write(now["reason"]));
    copied = run.end;
  }
  if (copied == 0) return std::move(page.text);
  return text.append(page.text, copied, std::string::npos);
}

net::Response Show(const RunService& service, Listing& listing) {
  net::Response response;
  response.headers["Content-Type"] = "application/json";
  std::string& out = response.body.bytes;
  std::string items = Present(service, listing.page);
  out.reserve(items.size() + 400);
  out += "{\"items\":[";
  out += items;
  out += ']';
  if (listing.page.next) {
    out += ",\"next_cursor\":";
    json::AppendQuoted(out, CursorOf(listing.search, *listing.page.next));
  }
  out += '}';
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
