// Secrets of a workspace. The owner writes them; runs of the workspace read them. A value is in no
// list, no log and no error.
#include <memory>

#include "base/strings.h"
#include "meta/secrets.h"
#include "meta/workspaces.h"
#include "model/names.h"
#include "server/routes.h"
#include "server/secret_box.h"

namespace rw::server {
namespace {

constexpr size_t kMostBytes = 25 << 10;

struct Secrets {
  explicit Secrets(ServerContext& server)
      : context(server), box(server.fs, server.random, server.paths.secrets_key) {}
  ServerContext& context;
  SecretBox box;
};

json::Value ToJson(const meta::SecretInfo& info) {
  json::Value out;
  out.Set("name", info.name).Set("created_time", FormatUtc(info.created_us));
  return out.Set("updated_time", FormatUtc(info.updated_us));
}

Error NoSecret(const std::string& name) {
  return Error(Code::kNotFound, "this workspace has no secret '" + name + "'", "name");
}

Result<net::Response> List(Secrets& secrets, const Call& call) {
  ServerContext& context = secrets.context;
  const std::string& ws = call.Param("ws");
  TRY(context.auth.MayReadWorkspace(call.principal, ws));
  TRY(meta::WorkspaceRepository(context.read).Get(ws));
  json::Array items;
  for (const auto& info : TRY(meta::SecretRepository(context.read).List(ws)))
    items.push_back(ToJson(info));
  json::Value out;
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<meta::SealedSecret> Find(Secrets& secrets, const Call& call) {
  ServerContext& context = secrets.context;
  TRY(context.auth.MayReadWorkspace(call.principal, call.Param("ws")));
  TRY(meta::WorkspaceRepository(context.read).Get(call.Param("ws")));
  TRY(model::CheckSecretName(call.Param("name")));
  auto found = TRY(meta::SecretRepository(context.read).Find(call.Param("ws"), call.Param("name")));
  if (!found) return NoSecret(call.Param("name"));
  return *std::move(found);
}

void Get(const std::shared_ptr<Secrets>& secrets, const CallPtr& call) {
  auto found = Find(*secrets, *call);
  if (!found) return call->Fail(found.error());
  auto value = std::make_shared<Result<std::string>>();
  secrets->context.pool.Run(
      "secret.open",
      [secrets, value, sealed = found->sealed,
       about = SecretPlace(call->Param("ws"), found->info.name)] {
        *value = secrets->box.Open(about, sealed);
      },
      [value, info = found->info, call] {
        if (!*value)
          return call->Fail(std::move(*value).error().WithContext("secret '" + info.name + "'"));
        json::Value out = ToJson(info);
        net::Response response = net::JsonResponse(out.Set("value", **value));
        response.headers["Cache-Control"] = "no-store";
        call->Answer(std::move(response));
      });
}

Result<std::string> ValueOf(Secrets& secrets, const Call& call) {
  TRY(meta::WorkspaceRepository(secrets.context.read).Get(call.Param("ws")));
  TRY(model::CheckSecretName(call.Param("name")));
  json::Value body = TRY(call.JsonBody());
  if (!body["value"].is_string())
    return Error(Code::kInvalidArgument, "value must be a string", "value");
  const std::string& value = body["value"].as_string();
  if (value.size() <= kMostBytes) return value;
  return Error(Code::kTooLarge,
               "the value of secret '" + call.Param("name") + "' has " +
                   std::to_string(value.size()) + " bytes; at most 25,600 are kept",
               "value");
}

void Store(Secrets& secrets, const CallPtr& call, const std::string& sealed) {
  int64_t now_us = secrets.context.NowMicros();
  CommitAndAnswer(secrets.context, "secret.put", call,
                  [sealed, now_us, ws = call->Param("ws"),
                   name = call->Param("name")](db::Connection& db) -> Result<net::Response> {
                    meta::SecretRepository repository(db);
                    bool is_new = TRY(repository.Put(ws, name, sealed, now_us));
                    auto stored = TRY(repository.Find(ws, name));
                    return net::JsonResponse(ToJson(stored->info), is_new ? 201 : 200);
                  });
}

void Put(const std::shared_ptr<Secrets>& secrets, const CallPtr& call) {
  auto value = ValueOf(*secrets, *call);
  if (!value) return call->Fail(value.error());
  auto any = meta::SecretRepository(secrets->context.read).HasAny();
  if (!any) return call->Fail(any.error());
  auto sealed = std::make_shared<Result<std::string>>();
  secrets->context.pool.Run(
      "secret.seal",
      [secrets, sealed, value = *std::move(value), any = *any,
       about = SecretPlace(call->Param("ws"), call->Param("name"))] {
        *sealed = secrets->box.Close(about, value, !any);
      },
      [secrets, sealed, call] {
        if (!*sealed) return call->Fail(sealed->error());
        Store(*secrets, call, **sealed);
      });
}

void Delete(Secrets& secrets, const CallPtr& call) {
  CommitAndAnswer(secrets.context, "secret.delete", call,
                  [ws = call->Param("ws"),
                   name = call->Param("name")](db::Connection& db) -> Result<net::Response> {
                    TRY(meta::WorkspaceRepository(db).Get(ws));
                    if (!TRY(meta::SecretRepository(db).Remove(ws, name))) return NoSecret(name);
                    return net::JsonResponse(json::Value(json::Object()));
                  });
}

}  // namespace

void RegisterSecretRoutes(Router& router, ServerContext& context) {
  auto secrets = std::make_shared<Secrets>(context);
  const std::string all = "/api/v1/workspaces/{ws}/secrets";
  const std::string one = all + "/{name}";
  router.AddSync("GET", all, [secrets](Call& call) { return List(*secrets, call); });
  router.Add("GET", one, [secrets](const CallPtr& call) { Get(secrets, call); });
  router.Add(
      "PUT", one, [secrets](const CallPtr& call) { Put(secrets, call); }, Access::kOwner);
  router.Add(
      "DELETE", one, [secrets](const CallPtr& call) { Delete(*secrets, call); }, Access::kOwner);
}

}  // namespace rw::server
