#include "executor/testing/scripted_server.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"

namespace rw::executor::testing {
namespace {
net::Response Refuse(int status, const std::string& code) {
  return net::JsonResponse(json::Object{{"error", json::Object{{"code", code}, {"message", code}}}},
                           status);
}
std::string BytesOf(const net::Body& body) { return body.bytes; }
}  // namespace

void ScriptedServer::Send(net::Request request, std::chrono::milliseconds, Callback callback) {
  bool stream = request.path.ends_with("/logs") || request.path.ends_with("/journal");
  std::string key =
      request.path + request.Query("writer").value_or("") + request.Query("name").value_or("");
  if (stream) most_in_flight = std::max(most_in_flight, ++in_flight_[key]);
  auto delay = latency + (request.path.ends_with("/logs") ? disk_latency : latency * 0);
  loop_.After("server", delay, [=, this] {
    if (stream) in_flight_[key]--;
    if (away) return callback(Error(Code::kUnavailable, "nobody answers"));
    net::Response response = Answer(request);
    if (lose_answers > 0 && lose_answers--)
      return callback(Error(Code::kUnavailable, "answer lost"));
    callback(std::move(response));
  });
}

bool ScriptedServer::Reported(const std::string& name) const { return !Report(name).is_null(); }

json::Value ScriptedServer::Report(const std::string& name) const {
  for (const auto& [reported, body] : reports)
    if (reported == name) return body;
  return {};
}

net::Response ScriptedServer::Answer(const net::Request& request) {
  auto path = *request.Segments();
  json::Value body = json::Parse(request.body.bytes).value_or(json::Value());
  if (path.back() == "claim") return Claim(body);
  if (fenced) return Refuse(409, "Fenced");
  if (request.Header("Authorization") != "Bearer " + grant.StringOr("token"))
    return Refuse(401, "Unauthenticated");
  if (path[2] == "allocations") return Allocation(path.back(), body);
  if (path.back() == "system_metrics") {
    system_metrics.push_back(body);
    return net::JsonResponse(json::Object());
  }
  if (path.back() == "logs") log_bytes += request.body.bytes.size();
  if (path.back() == "logs") return Append(logs[*request.Query("name")], request);
  if (path.back() == "preview") return Preview(request);
  if (path.back() == "journal") return Append(journals[*request.Query("writer")], request);
  if (path.back() == "missing") {
    json::Array missing;
    for (const json::Value& digest : body["digests"].as_array())
      if (blobs.count(digest.as_string()) == 0) missing.push_back(digest);
    return net::JsonResponse(json::Object{{"missing", std::move(missing)}});
  }
  if (path[2] == "blobs" && request.method == "PUT") {
    if (refused_blobs) return Refuse(503, "Unavailable");
    if (Sha256Hex(BytesOf(request.body)) != path[3]) return Refuse(400, "InvalidArgument");
    blobs[path[3]] = BytesOf(request.body);
    return net::JsonResponse(json::Object(), 201);
  }
  if (path[2] == "blobs") {
    if (blobs.count(path[3]) == 0) return Refuse(404, "NotFound");
    net::Response response;
    response.body.bytes = blobs[path[3]];
    return response;
  }
  if (path.back() == "artifacts") {
    if (blobs.count(body.StringOr("digest")) == 0) return Refuse(412, "FailedPrecondition");
    artifacts[body.StringOr("name")] = body.StringOr("digest");
    named.push_back(body.StringOr("name"));
    return net::JsonResponse(json::Object(), 201);
  }
  return Refuse(404, "NotFound");
}

net::Response ScriptedServer::Preview(const net::Request& request) {
  std::string name = *request.Query("name");
  size_t offset = std::stoul(*request.Query("offset"));
  previews[name] += request.body.bytes;
  return net::JsonResponse(json::Object{{"shown", offset + request.body.bytes.size()}});
}

net::Response ScriptedServer::Claim(const json::Value& body) {
  if (claimed_by.empty()) claimed_by = body.StringOr("claimant");
  if (claimed_by != body.StringOr("claimant")) return Refuse(409, "Conflict");
  return net::JsonResponse(grant);
}

net::Response ScriptedServer::Append(std::string& stored, const net::Request& request) {
  auto offset = static_cast<uint64_t>(ParseInt(*request.Query("offset")).value_or(-1));
  bool gap = offset > stored.size();
  if (!gap && offset + request.body.bytes.size() > stored.size()) {
    stored.resize(offset);
    stored += request.body.bytes;
  }
  return net::JsonResponse(json::Object{{"acked", static_cast<int64_t>(stored.size())}},
                           gap ? 409 : 200);
}

net::Response ScriptedServer::Allocation(const std::string& verb, const json::Value& body) {
  if (verb != "heartbeat") {
    reports.emplace_back(verb, body);
    return net::JsonResponse(json::Object());
  }
  json::Array commands;
  if (cancel_grace_ms >= 0)
    commands.push_back(json::Object{{"type", "cancel"}, {"grace_ms", cancel_grace_ms}});
  return net::JsonResponse(json::Object{{"commands", std::move(commands)}});
}

}  // namespace rw::executor::testing
