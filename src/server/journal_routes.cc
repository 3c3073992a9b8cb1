// Journals on their way in.
#include <memory>

#include "server/journal_ingest.h"
#include "server/journal_state.h"
#include "server/run_routes.h"

namespace rw::server {
namespace {

constexpr uint64_t kLargestPiece = uint64_t{64} << 20;

bool IsWriterId(const std::string& text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<JournalPiece> ReadPiece(ServerContext& context, const Call& call) {
  JournalPiece piece;
  piece.run_id = call.Param("run");
  TRY(context.auth.MayWriteRun(call.principal, piece.run_id));
  piece.writer = TRY(call.RequireQuery("writer"));
  if (!IsWriterId(piece.writer)) {
    return Error(Code::kInvalidArgument, "writer must be 16 lower-case hex digits", "writer");
  }
  TRY(call.RequireQuery("offset"));
  piece.offset = TRY(call.QueryInt("offset", 0, 0, INT64_MAX));
  const net::Body& body = call.request.body;
  if (body.size() > kLargestPiece) {
    return Error(Code::kTooLarge, "a piece of a journal has at most 64 MiB", "body");
  }
  piece.now_us = context.NowMicros();
  piece.bytes =
      body.file ? TRY(os::ReadFile(context.fs, body.file->path(), kLargestPiece + 1)) : body.bytes;
  return piece;
}

net::Response AnswerOf(const Ingested& ingested, const JournalPiece& piece) {
  json::Value out = json::Object();
  out.Set("acked", ingested.acked);
  if (ingested.refusal == Ingested::Refusal::kNone) return net::JsonResponse(out);
  bool gap = ingested.refusal == Ingested::Refusal::kGap;
  Error error = gap ? Error(Code::kConflict,
                            "a gap: the journal of writer " + piece.writer +
                                " is known up to byte " + std::to_string(ingested.acked),
                            "offset")
                    : Error(Code::kInvalidArgument,
                            "the journal of writer " + piece.writer + " is damaged at byte " +
                                std::to_string(ingested.acked) + "; nothing after it is taken",
                            "body");
  net::Response response = net::ErrorResponse(error);
  auto body = json::Parse(response.body.bytes);
  if (body) response.body.bytes = json::Write(body->Set("acked", ingested.acked));
  return response;
}

void Ship(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  auto piece = ReadPiece(context, *call);
  if (!piece) return call->Fail(piece.error());
  auto shared = std::make_shared<JournalPiece>(*std::move(piece));
  auto ingested = std::make_shared<Ingested>();
  CommitAndAnswer(
      context, "journal", call,
      [shared, ingested](db::Connection& db) -> Result<net::Response> {
        *ingested = TRY(IngestJournal(db, *shared));
        return AnswerOf(*ingested, *shared);
      },
      [&service, shared, ingested] {
        if (ingested->late_offset)
          service.context().writer.Submit("journal.offset", ingested->late_offset,
                                          [](const Status&) {});
        service.context().stats.points += static_cast<uint64_t>(ingested->points);
        if (ingested->metrics || !ingested->changed.empty()) service.metric_packer().Note();
        if (ingested->metrics) {
          service.metric_sorter().Note();
          service.context().events.Publish(shared->run_id, {RunEvent::Kind::kMetrics, ""});
        }
        for (const std::string& id : ingested->changed) {
          service.context().events.Publish(id, {RunEvent::Kind::kStatus, ""});
        }
      });
}

Result<net::Response> Offsets(RunService& service, Call& call) {
  ServerContext& context = service.context();
  TRY(context.auth.MayReadRun(call.principal, call.Param("run")));
  auto run = TRY(meta::LoadRun(context.read, call.Param("run")));
  auto rows =
      TRY(context.read.Prepare("SELECT writer, offset FROM journal_offsets WHERE run_row = ?"));
  rows.Bind(run.row);
  json::Value writers = json::Object();
  while (TRY(rows.Step())) writers.Set(rows.Text(0), rows.Int(1));
  json::Value out = json::Object();
  return net::JsonResponse(out.Set("writers", std::move(writers)));
}

/// The server's own answer to a flush: what it has acked. Executors answer it themselves.
Result<net::Response> Flush(RunService& service, Call& call) {
  ServerContext& context = service.context();
  TRY(context.auth.MayReadRun(call.principal, call.Param("run")));
  json::Value body = TRY(call.JsonBody());
  auto run = TRY(meta::LoadRun(context.read, call.Param("run")));
  std::string writer = TRY(json::OptionalString(body, "writer"));
  JournalState state = TRY(LoadJournalState(context.read, run.row, writer));
  json::Value out = json::Object();
  return net::JsonResponse(out.Set("acked", state.offset));
}

}  // namespace

void RegisterJournalRoutes(Router& router, RunService& service) {
  router.Add("POST", "/api/v1/runs/{run}/journal",
             [&service](const CallPtr& call) { Ship(service, call); });
  router.AddSync("GET", "/api/v1/runs/{run}/journal",
                 [&service](Call& call) { return Offsets(service, call); });
  router.AddSync("POST", "/api/v1/runs/{run}/flush",
                 [&service](Call& call) { return Flush(service, call); });
}

}  // namespace rw::server
