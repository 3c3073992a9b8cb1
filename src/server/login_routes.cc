#include "base/strings.h"
#include "server/pages.h"
#include "server/routes.h"

namespace rw::server {
namespace {

constexpr int64_t kSessionSeconds = int64_t{30} * 24 * 3600;
constexpr size_t kLargestForm = 64 << 10;

std::map<std::string, std::string> FormOf(const net::Body& body) {
  std::map<std::string, std::string> out;
  if (body.size() > kLargestForm || body.file) return out;
  for (const std::string& pair : Split(body.bytes, '&')) {
    size_t equals = pair.find('=');
    if (equals == std::string::npos) continue;
    auto name = PercentDecode(pair.substr(0, equals), true);
    auto value = PercentDecode(pair.substr(equals + 1), true);
    if (name && value) out[*name] = *value;
  }
  return out;
}

/// A new session for this browser, and off to `next`.
void BeginSession(ServerContext& context, const CallPtr& call, const std::string& next) {
  std::string token = context.auth.NewToken();
  int64_t now = context.NowMicros();
  net::Response response;
  response.status = 303;
  response.headers["Location"] = LocalPath(next);
  response.headers["Cache-Control"] = "no-store";
  response.headers["Referrer-Policy"] = "no-referrer";
  response.headers["Set-Cookie"] =
      "runwright_session=" + token +
      "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(kSessionSeconds);
  CommitAndAnswer(context, "session.begin", call,
                  [token, now, response](db::Connection& db) -> Result<net::Response> {
                    TRY(Auth::InsertSession(db, token, now, now + kSessionSeconds * 1'000'000));
                    return response;
                  });
}

void Login(ServerContext& context, const CallPtr& call) {
  auto form = FormOf(call->request.body);
  auto principal = context.auth.PrincipalOf(std::string(Trim(form["token"])));
  if (principal && principal->is_owner()) return BeginSession(context, call, form["next"]);
  call->Answer(
      LoginPage(context.random, form["next"], "That is not a token of this server's owner."));
}

void UseLink(ServerContext& context, const CallPtr& call) {
  auto path = context.auth.UseLoginCode(call->Param("code"));
  if (path) return BeginSession(context, call, *path);
  call->Answer(LoginPage(context.random, "/", "This link was used or is older than 60 seconds."));
}

Result<net::Response> MakeLink(ServerContext& context, const Call& call) {
  auto body = TRY(call.JsonBody());
  std::string path = TRY(json::OptionalString(body, "path", "/"));
  if (LocalPath(path) != path)
    return Error(Code::kInvalidArgument, "path must be a path of this server, like /runs/ID",
                 "path");
  json::Value out;
  out.Set("url", context.options.url + "/login/" + context.auth.MakeLoginCode(path));
  return net::JsonResponse(out, 201);
}

}  // namespace

void RegisterLoginRoutes(Router& router, ServerContext& context) {
  router.AddSync(
      "POST", "/api/v1/login-links", [&](Call& call) { return MakeLink(context, call); },
      Access::kOwner);
  router.Add(
      "POST", "/login", [&](const CallPtr& call) { Login(context, call); }, Access::kPublic);
  router.Add(
      "GET", "/login/{code}", [&](const CallPtr& call) { UseLink(context, call); },
      Access::kPublic);
}

}  // namespace rw::server
