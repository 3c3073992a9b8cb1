#include "executor/relay_endpoint.h"

#include "net/asio_loop.h"

namespace rw::executor {
namespace {

/// POST /api/v1/runs/{run}/`verb`.
bool IsForUs(const net::Request& head, std::string_view verb) {
  auto segments = head.Segments();
  return head.method == "POST" && segments && segments->size() == 5 && (*segments)[0] == "api" &&
         (*segments)[2] == "runs" && (*segments)[4] == verb;
}

/// What the script's process could not say through its journal: told with the run's end.
void TakeWarning(Executor& executor, const net::Request& request,
                 const std::shared_ptr<net::Responder>& responder) {
  auto body = json::Parse(request.body.bytes);
  auto message = body ? json::RequireString(*body, "message") : Result<std::string>(body.error());
  if (!message) return responder->Send(net::ErrorResponse(message.error()));
  executor.Warn({body->StringOr("source", "script"), *message});
  responder->Send(net::JsonResponse(json::Object()));
}

void AnswerFlush(Executor& executor, const net::Request& request,
                 std::shared_ptr<net::Responder> responder) {
  auto body = json::Parse(request.body.bytes);
  auto writer = body ? json::RequireString(*body, "writer") : Result<std::string>(body.error());
  auto offset = writer ? json::OptionalInt(*body, "offset", 0, 0, INT64_MAX)
                       : Result<int64_t>(writer.error());
  if (!offset) return responder->Send(net::ErrorResponse(offset.error()));
  executor.Flush(*writer, static_cast<uint64_t>(*offset), [responder](Result<uint64_t> acked) {
    if (!acked) return responder->Send(net::ErrorResponse(acked.error()));
    responder->Send(net::JsonResponse(json::Object{{"acked", *acked}}));
  });
}
}  // namespace

Result<std::unique_ptr<net::Relay>> ServeRun(net::AsioLoop& loop, Executor& executor,
                                             const std::string& socket_path) {
  net::RelayOptions options;
  options.socket_path = socket_path;
  options.server = [&executor] { return executor.server()->url(); };
  options.decide = [&executor](const net::Request& head) -> net::RelayDecision {
    if (IsForUs(head, "warnings"))
      return net::Intercept{
          [&executor](const net::Request& request, std::shared_ptr<net::Responder> responder) {
            TakeWarning(executor, request, responder);
          }};
    if (!IsForUs(head, "flush")) return net::Forward{executor.server()->credentials()};
    return net::Intercept{
        [&executor](const net::Request& request, std::shared_ptr<net::Responder> responder) {
          AnswerFlush(executor, request, std::move(responder));
        }};
  };
  return net::Relay::Listen(loop, std::move(options));
}

}  // namespace rw::executor
