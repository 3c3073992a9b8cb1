#include <algorithm>
#include <utility>

#include "meta/workspaces.h"
#include "server/environment_service.h"
#include "server/environment_text.h"
#include "server/routes.h"

namespace rw::server {
namespace {

constexpr int64_t kLongestWaitMs = 60'000;
constexpr size_t kMostNameBytes = 255;

Status CheckName(const std::string& name) {
  bool clean = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '/' && c != '\\' && c != ':';
  });
  if (!name.empty() && name.size() <= kMostNameBytes && clean) return Ok();
  return Error(
      Code::kInvalidArgument,
      "an environment's name has 1 to 255 bytes without control characters, '/', '\\' and ':'",
      "name");
}

Result<meta::NamedEnvironment> ReadRegistration(ServerContext& context, const Call& call,
                                                EnvironmentService& service) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  json::Value body = TRY(call.JsonBody());
  meta::NamedEnvironment out;
  out.workspace_id = call.Param("ws");
  out.name = TRY(json::RequireString(body, "name"));
  TRY(CheckName(out.name));
  out.spec = body["spec"];
  auto env_id = service.Check(out.spec);
  if (!env_id) return env_id.error();
  out.env_id = *env_id;
  out.definition = body["definition"];
  if (!out.definition.is_null() && !out.definition.is_object())
    return Error(Code::kInvalidArgument, "definition must be an object", "definition");
  // The SDK's object may carry the version it had: that is our answer, not part of what is defined.
  if (out.definition.is_object()) out.definition.as_object().erase("version");
  out.created_us = context.NowMicros();
  return out;
}

void Register(ServerContext& context, EnvironmentService& service, const CallPtr& call) {
  auto environment = ReadRegistration(context, *call, service);
  if (!environment) return call->Fail(environment.error());
  CommitAndAnswer(context, "environment.register", call,
                  [made = *environment](db::Connection& db) mutable -> Result<net::Response> {
                    TRY(meta::WorkspaceRepository(db).Get(made.workspace_id));
                    bool stored = TRY(meta::NamedEnvironmentRepository(db).Register(&made));
                    return net::JsonResponse(meta::ToJson(made), stored ? 201 : 200);
                  });
}

Result<net::Response> ListNamed(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  TRY(meta::WorkspaceRepository(context.read).Get(call.Param("ws")));
  json::Array items;
  for (const auto& named :
       TRY(meta::NamedEnvironmentRepository(context.read).ListLatest(call.Param("ws"))))
    items.push_back(meta::ToJson(named));
  json::Value out;
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<net::Response> GetNamed(ServerContext& context, const Call& call) {
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  std::optional<int64_t> version;
  if (call.request.Query("version")) version = TRY(call.QueryInt("version", 0, 1, INT64_MAX));
  auto named = TRY(meta::NamedEnvironmentRepository(context.read)
                       .Get(call.Param("ws"), call.Param("name"), version));
  return net::JsonResponse(meta::ToJson(named));
}

/// What is being made hides the row of the attempt before it.
Result<net::Response> ListBuilds(ServerContext& context, EnvironmentService& service) {
  json::Array items;
  std::set<std::string> working;
  for (const auto& at_work : service.Working()) {
    working.insert(at_work.lock.env_id);
    items.push_back(BuildJson(at_work.lock, at_work.state));
  }
  for (const auto& row : TRY(meta::EnvLockRepository(context.read).List()))
    if (!working.contains(row.env_id)) items.push_back(BuildJson(row, meta::StateName(row.state)));
  json::Value out;
  return net::JsonResponse(out.Set("items", std::move(items)));
}

/// `log_from`: bytes of the log that the caller has.
Result<net::Response> OneBuild(const Call& call, const EnvironmentService& service,
                               const meta::EnvLock& row, std::string_view state,
                               const std::string& step = "", int64_t news = 0) {
  auto log_from = static_cast<size_t>(TRY(call.QueryInt("log_from", 0, 0, INT64_MAX)));
  json::Value out = BuildJson(row, state);
  if (!step.empty()) out.Set("step", step);
  if (news > 0) out.Set("news", news);
  out.Set("platform", row.platform).Set("log", row.log.substr(std::min(log_from, row.log.size())));
  out.Set("log_bytes", row.log.size());
  auto spec = json::Parse(row.spec);
  out.Set("spec", spec ? *spec : json::Value());
  out.Set("python_path", row.python["path"]);
  json::Array warnings;
  std::vector<std::string> messages = row.warnings;
  if (std::string python = row.python.StringOr("warning"); !python.empty())
    messages.insert(messages.begin(), python);
  for (const std::string& message : messages)
    warnings.push_back(json::Value().Set("source", "environment").Set("message", message));
  out.Set("warnings", std::move(warnings));
  auto changed = service.ProfileChanged(row);
  out.Set("profile_hash", row.profile_hash.empty() ? json::Value() : json::Value(row.profile_hash));
  out.Set("profile_changed", changed ? json::Value(*changed) : json::Value());
  if (!row.upgrade_error.empty()) out.Set("upgrade_error", row.upgrade_error);
  out.Set("folder",
          row.build_id.empty() ? json::Value() : json::Value(service.BuildFolder(row.build_id)));
  return net::JsonResponse(out.Set("lock", row.lock ? json::Value(*row.lock) : json::Value()));
}

/// By env_id, or by the first digits of an env_id or build_id where only one build begins so.
Result<net::Response> GetBuild(ServerContext& context, EnvironmentService& service,
                               const Call& call) {
  const std::string& asked = call.Param("env_id");
  for (const auto& at_work : service.Working())
    if (at_work.lock.env_id == asked)
      return OneBuild(call, service, at_work.lock, at_work.state, at_work.step, at_work.news);
  meta::EnvLockRepository locks(context.read);
  auto row = TRY(locks.Find(asked));
  if (!row && asked.size() >= 6) {
    std::vector<std::string> matches;
    std::set<std::string> differing;
    for (const auto& lock : TRY(locks.List())) {
      bool same_build = lock.build_id.starts_with(asked);
      if (!same_build && !lock.env_id.starts_with(asked)) continue;
      matches.push_back(lock.env_id);
      // Several environments may share one build: whichever was used last stands for it.
      differing.insert(same_build ? lock.build_id : lock.env_id);
    }
    if (differing.size() > 1)
      return Error(Code::kFailedPrecondition,
                   "'" + asked + "' is the beginning of " + std::to_string(differing.size()) +
                       " environments and builds; give more of it",
                   "env_id");
    if (!matches.empty()) row = TRY(locks.Find(matches[0]));
  }
  if (!row)
    return Error(Code::kNotFound,
                 "no build for environment '" + asked + "'; `runwright env list` lists them",
                 "env_id");
  return OneBuild(call, service, *row, meta::StateName(row->state));
}

/// One caller who waits for news of a build.
struct BuildPoll {
  CallPtr call;
  std::shared_ptr<void> subscription;
  TimerId timer = 0;
  bool answered = false;
};

/// At work, and the caller knows all of it.
bool NoNews(const EnvironmentService& service, const Call& call, int64_t news) {
  for (const auto& at_work : service.Working())
    if (at_work.lock.env_id == call.Param("env_id")) return news == at_work.news;
  return false;
}

/// `wait_ms`: where the caller's `news` is that of a build at work, the answer comes with the next,
/// at the latest after that.
void ShowBuild(ServerContext& context, EnvironmentService& service, const CallPtr& call) {
  auto wait_ms = call->QueryInt("wait_ms", 0, 0, kLongestWaitMs);
  auto news = call->QueryInt("news", 0, 0, INT64_MAX);
  for (const auto* number : {&wait_ms, &news})
    if (!*number) return call->Fail(number->error());
  bool wait = *wait_ms > 0 && NoNews(service, *call, *news);
  if (!wait) return call->Answer(GetBuild(context, service, *call));
  auto poll = std::make_shared<BuildPoll>(BuildPoll{call, nullptr});
  auto answer = [&context, &service, poll] {
    if (std::exchange(poll->answered, true)) return;
    poll->subscription.reset();
    context.loop.Cancel(poll->timer);
    poll->call->Answer(GetBuild(context, service, *poll->call));
  };
  poll->subscription =
      context.events.Subscribe(call->Param("env_id"), [answer](const RunEvent&) { answer(); });
  poll->timer = context.loop.After("env.wait", std::chrono::milliseconds(*wait_ms), answer);
}

}  // namespace

void RegisterEnvironmentRoutes(Router& router, ServerContext& context,
                               EnvironmentService& service) {
  const std::string all = "/api/v1/workspaces/{ws}/environments";
  router.Add("POST", all, [&](const CallPtr& call) { Register(context, service, call); });
  router.AddSync("GET", all, [&](Call& call) { return ListNamed(context, call); });
  router.AddSync("GET", all + "/{name}", [&](Call& call) { return GetNamed(context, call); });
  router.AddSync("GET", "/api/v1/builds", [&](Call&) { return ListBuilds(context, service); });
  router.Add("GET", "/api/v1/builds/{env_id}",
             [&](const CallPtr& call) { ShowBuild(context, service, call); });
}

}  // namespace rw::server
