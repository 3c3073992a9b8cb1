#include "server/call.h"

#include "base/log.h"
#include "base/strings.h"
#include "server/fence.h"
#include "server/server_context.h"

namespace rw::server {
namespace {

constexpr uint64_t kLargestJson = uint64_t{64} << 20;

Error BadQuery(std::string_view name, std::string_view must) {
  return Error(Code::kInvalidArgument,
               "query parameter '" + std::string(name) + "' must be " + std::string(must),
               std::string(name));
}

Result<std::string> BodyText(const net::Body& body) {
  if (body.size() > kLargestJson)
    return Error(Code::kTooLarge, "a JSON body has at most " + HumanBytes(kLargestJson) +
                                      "; this one has " + HumanBytes(body.size()));
  if (!body.file) return body.bytes;
  return os::ReadFile(os::PosixFileSystem(), body.file->path(), kLargestJson);
}

}  // namespace

const std::string& Call::Param(std::string_view name) const {
  for (const auto& [key, value] : params)
    if (key == name) return value;
  CHECK(!"no such parameter in the route's pattern");
  __builtin_unreachable();
}

Result<json::Value> Call::JsonBody() const {
  std::string text = TRY(BodyText(request.body));
  if (Trim(text).empty()) return json::Value(json::Object{});
  auto value = json::Parse(text);
  if (!value) return std::move(value).error().WithContext("the request's body is not JSON");
  if (!value->is_object())
    return Error(Code::kInvalidArgument, "the request's body must be a JSON object");
  return *std::move(value);
}

Result<int64_t> Call::QueryInt(std::string_view name, int64_t otherwise, int64_t least,
                               int64_t most) const {
  auto text = request.Query(name);
  if (!text) return otherwise;
  auto value = ParseInt(*text);
  if (!value || *value < least || *value > most)
    return BadQuery(name, "a whole number from " + std::to_string(least) + " to " +
                              std::to_string(most) + ", not '" + *text + "'");
  return *value;
}

Result<bool> Call::QueryBool(std::string_view name, bool otherwise) const {
  auto text = request.Query(name);
  if (!text) return otherwise;
  std::string lower = Lower(*text);
  if (lower == "true" || lower == "1") return true;
  if (lower == "false" || lower == "0") return false;
  return BadQuery(name, "true or false, not '" + *text + "'");
}

Result<std::string> Call::RequireQuery(std::string_view name) const {
  auto text = request.Query(name);
  if (!text || text->empty()) return BadQuery(name, "given");
  return *text;
}

void Call::Answer(net::Response response) { responder->Send(std::move(response)); }

void Call::Answer(Result<net::Response> response) {
  if (response) return Answer(*std::move(response));
  Fail(response.error());
}

void Call::Json(const json::Value& value, int status) { Answer(net::JsonResponse(value, status)); }

void Call::Fail(const Error& error) {
  if (error.code() == Code::kInternal || error.code() == Code::kCorrupt)
    LOG_ERROR("request.failed", {"method", request.method}, {"path", request.path},
              {"error", error.message()});
  Answer(net::ErrorResponse(error));
}

net::Response ErrorWith(const Error& error, std::string key, json::Value value) {
  json::Value inner, out;
  inner.Set("code", CodeName(error.code())).Set("message", error.message());
  if (!error.field().empty()) inner.Set("field", error.field());
  out.Set("error", std::move(inner)).Set(std::move(key), std::move(value));
  return net::JsonResponse(out, HttpStatus(error.code()));
}

void ReadAside(ServerContext& context, std::string_view name,
               std::function<Status(db::Connection&)> work, std::function<void(Status)> done) {
  if (context.readers == nullptr) {
    // What was posted may outlive the core, never its database.
    return context.loop.Post(name, [&read = context.read, work = std::move(work),
                                    done = std::move(done)] { done(work(read)); });
  }
  auto status = std::make_shared<Status>();
  context.pool.Run(
      name,
      [readers = context.readers, work = std::move(work), status] {
        auto lease = readers->Take();
        *status = lease ? work(**lease) : Status(std::move(lease).error());
      },
      [done = std::move(done), status] { done(std::move(*status)); });
}

void CommitAndAnswer(ServerContext& context, std::string_view name, CallPtr call,
                     WriteOperation operation, std::function<void()> committed) {
  auto fenced = [fence = FenceOf(*call),
                 operation = std::move(operation)](db::Connection& db) -> Result<net::Response> {
    TRY(CheckFence(db, fence));
    return operation(db);
  };
  CommitUnfencedAndAnswer(context, name, std::move(call), std::move(fenced), std::move(committed));
}

void CommitUnfencedAndAnswer(ServerContext& context, std::string_view name, CallPtr call,
                             WriteOperation operation, std::function<void()> committed) {
  auto made = std::make_shared<net::Response>();
  context.writer.Submit(
      name,
      [made, operation = std::move(operation)](db::Connection& db) -> Status {
        *made = TRY(operation(db));
        return Ok();
      },
      [made, call = std::move(call), committed = std::move(committed)](Status status) {
        if (!status) return call->Fail(status.error());
        if (committed) committed();
        call->Answer(std::move(*made));
      });
}

}  // namespace rw::server
