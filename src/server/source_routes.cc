// The source map: URL prefix → folder or mirror, for what Python code in runs downloads by itself.
#include <memory>

#include "meta/source_rules.h"
#include "server/routes.h"

namespace rw::server {
namespace {

constexpr size_t kMostRules = 1000;
using Rules = std::vector<model::SourceRule>;

net::Response AsList(const Rules& rules) {
  json::Array items;
  for (const model::SourceRule& rule : rules) items.push_back(model::ToJson(rule));
  return net::JsonResponse(json::Object{{"items", std::move(items)}});
}

Result<Rules> ParseRules(const json::Value& body) {
  if (!body["rules"].is_array() || body["rules"].as_array().empty())
    return Error(Code::kInvalidArgument, "rules must be a list of at least one rule", "rules");
  if (body["rules"].as_array().size() > kMostRules)
    return Error(Code::kTooLarge, "at most 1,000 rules are kept", "rules");
  Rules rules;
  for (const json::Value& one : body["rules"].as_array())
    rules.push_back(
        TRY(model::ParseSourceRule(one, "rules[" + std::to_string(rules.size()) + "]")));
  return rules;
}

/// Blocks on the disk.
Status CheckFolders(os::FileSystem& fs, const Rules& rules) {
  for (size_t i = 0; i < rules.size(); i++) {
    if (rules[i].folder.empty()) continue;
    auto info = fs.Stat(rules[i].folder);
    if (info && info->type == os::FileType::kSymlink) info = fs.Stat(rules[i].folder + "/.");
    if (info && info->type == os::FileType::kDirectory) continue;
    std::string field = "rules[" + std::to_string(i) + "].folder";
    return Error(Code::kInvalidArgument,
                 field + ": '" + rules[i].folder + "' is no folder on the server's machine", field);
  }
  return Ok();
}

void Store(ServerContext& context, const CallPtr& call, Rules rules) {
  CommitAndAnswer(context, "sources.add", call,
                  [rules = std::move(rules),
                   now_us = context.NowMicros()](db::Connection& db) -> Result<net::Response> {
                    meta::SourceRuleRepository repository(db);
                    for (const model::SourceRule& rule : rules) TRY(repository.Put(rule, now_us));
                    if (TRY(repository.List()).size() > kMostRules)
                      return Error(Code::kTooLarge, "at most 1,000 rules are kept", "rules");
                    return AsList(rules);
                  });
}

void Add(ServerContext& context, const CallPtr& call) {
  auto body = call->JsonBody();
  auto rules = body ? ParseRules(*body) : Result<Rules>(body.error());
  if (!rules) return call->Fail(rules.error());
  auto checked = std::make_shared<Status>();
  auto kept = std::make_shared<Rules>(*std::move(rules));
  context.pool.Run(
      "sources.check", [checked, kept, &fs = context.fs] { *checked = CheckFolders(fs, *kept); },
      [checked, kept, &context, call] {
        if (!*checked) return call->Fail(checked->error());
        Store(context, call, std::move(*kept));
      });
}

void Remove(ServerContext& context, const CallPtr& call) {
  auto asked = call->RequireQuery("prefix");
  auto prefix = asked ? model::NormalPrefix(*asked, "prefix") : asked;
  if (!prefix) return call->Fail(prefix.error());
  CommitAndAnswer(context, "sources.remove", call,
                  [prefix = *prefix](db::Connection& db) -> Result<net::Response> {
                    if (!TRY(meta::SourceRuleRepository(db).Remove(prefix)))
                      return Error(Code::kNotFound, "the source map has no rule for " + prefix,
                                   "prefix");
                    return net::JsonResponse(json::Value(json::Object()));
                  });
}

}  // namespace

void RegisterSourceRoutes(Router& router, ServerContext& context) {
  const std::string path = "/api/v1/server/sources";
  router.AddSync("GET", path, [&](Call&) -> Result<net::Response> {
    return AsList(TRY(meta::SourceRuleRepository(context.read).List()));
  });
  router.Add(
      "POST", path, [&](const CallPtr& call) { Add(context, call); }, Access::kOwner);
  router.Add(
      "DELETE", path, [&](const CallPtr& call) { Remove(context, call); }, Access::kOwner);
}

}  // namespace rw::server
