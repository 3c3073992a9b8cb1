// GET …/runs: searched and written out by a worker, so that a long list holds up nobody.
#include <memory>

#include "base/strings.h"
#include "json/text.h"
#include "server/run_list.h"
#include "server/run_readahead.h"
#include "server/run_routes.h"

namespace rw::server {
namespace {

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

net::Response Show(const RunService& service, const meta::RunSearch& search, meta::RunPage& page) {
  net::Response response;
  response.headers["Content-Type"] = "application/json";
  std::string& out = response.body.bytes;
  std::string items = Present(service, page);
  out.reserve(items.size() + 400);
  out += "{\"items\":[";
  out += items;
  out += ']';
  if (page.next) {
    out += ",\"next_cursor\":";
    json::AppendQuoted(out, CursorOf(search, *page.next));
  }
  out += '}';
  return response;
}

void SearchAside(ServerContext& context, meta::RunSearch search, RunReadahead::Done done) {
  auto page = std::make_shared<meta::RunPage>();
  ReadAside(
      context, "runs.list",
      [search = std::move(search), page](db::Connection& db) -> Status {
        *page = TRY(meta::SearchRuns(db, search));
        return Ok();
      },
      [page, done = std::move(done)](Status status) {
        if (!status) return done(std::move(status).error());
        done(std::move(*page));
      });
}

/// Another number after each commit of another connection.
std::optional<int64_t> DataVersion(db::Connection& db) {
  auto row = db.Prepare("PRAGMA data_version");
  if (!row) return std::nullopt;
  auto found = row->Step();
  return found && *found ? std::optional(row->Int(0)) : std::nullopt;
}

/// Where a search runs beside the loop, the next may already run while this one is read.
std::shared_ptr<RunReadahead> MakeReadahead(ServerContext& context) {
  RunReadahead::Version version;
  if (context.readers != nullptr) version = [&context] { return DataVersion(context.read); };
  return std::make_shared<RunReadahead>(
      context.loop, std::move(version),
      [&context](meta::RunSearch search, RunReadahead::Done done) {
        SearchAside(context, std::move(search), std::move(done));
      });
}

std::string ListOf(const Call& call) {
  std::string out = call.request.path;
  for (const auto& [name, value] : call.request.query) {
    if (name == "cursor") continue;
    out += '\n';
    out += PercentEncode(name);
    out += '=';
    out += PercentEncode(value);
  }
  return out;
}

void List(RunService& service, RunReadahead& readahead, const CallPtr& call) {
  ServerContext& context = service.context();
  Status may = context.auth.MayReadWorkspace(call->principal, call->Param("ws"));
  if (!may) return call->Fail(may.error());
  auto search = ReadRunSearch(*call, context.options.url);
  if (!search) return call->Fail(search.error());
  auto kept = std::make_shared<meta::RunSearch>(*std::move(search));
  auto read = [&service, &readahead, call, kept] {
    readahead.Read(ListOf(*call), *kept, [&service, call, kept](Result<meta::RunPage> page) {
      if (!page) return call->Fail(page.error());
      call->Answer(Show(service, *kept, *page));
    });
  };
  if (!kept->NeedsMetrics()) return read();
  service.metric_sorter().Settle(read);
}

}  // namespace

void RegisterRunListRoute(Router& router, RunService& service) {
  router.Add("GET", "/api/v1/workspaces/{ws}/runs",
             [&service, readahead = MakeReadahead(service.context())](const CallPtr& call) {
               List(service, *readahead, call);
             });
}

}  // namespace rw::server
