#include "server/router.h"

#include "base/strings.h"

namespace rw::server {
namespace {

std::vector<std::string> SegmentsOf(std::string_view pattern) {
  auto parts = Split(pattern.substr(1), '/');
  return parts;
}

bool IsParam(const std::string& segment) { return segment.front() == '{'; }

std::string NameOf(const std::string& segment) { return segment.substr(1, segment.size() - 2); }

/// Fixed segments that match; -1 where the route does not.
int Score(const Router::Route& route, const std::vector<std::string>& segments) {
  if (route.segments.size() != segments.size()) return -1;
  int fixed = 0;
  for (size_t i = 0; i < segments.size(); i++) {
    if (IsParam(route.segments[i])) {
      if (segments[i].empty()) return -1;
      continue;
    }
    if (route.segments[i] != segments[i]) return -1;
    fixed++;
  }
  return fixed;
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, Handler handler,
                 Access access) {
  CHECK(pattern.size() > 1 && pattern.front() == '/');
  routes_.push_back(
      {std::string(method), std::string(pattern), access, std::move(handler), SegmentsOf(pattern)});
}

void Router::AddSync(std::string_view method, std::string_view pattern, SyncHandler handler,
                     Access access) {
  Add(
      method, pattern,
      [handler = std::move(handler)](const CallPtr& call) { call->Answer(handler(*call)); },
      access);
}

Result<Router::Match> Router::Find(const net::Request& request, std::string* allowed) const {
  auto segments = TRY(request.Segments());
  // HEAD is GET without its body, which the connection leaves out.
  std::string method = request.method == "HEAD" ? "GET" : request.method;
  Match best;
  int best_score = -1;
  for (const Route& route : routes_) {
    int score = Score(route, segments);
    if (score < 0) continue;
    if (route.method != method) {
      if (allowed->find(route.method) == std::string::npos)
        *allowed += (allowed->empty() ? "" : ", ") + route.method;
      continue;
    }
    if (score <= best_score) continue;
    best_score = score;
    best.route = &route;
  }
  if (best.route != nullptr)
    for (size_t i = 0; i < segments.size(); i++)
      if (IsParam(best.route->segments[i]))
        best.params.emplace_back(NameOf(best.route->segments[i]), segments[i]);
  return best;
}

void Router::Dispatch(CallPtr call, Result<Match> match, const std::string& allowed) {
  if (!match) return call->Fail(match.error());
  if (match->route != nullptr) {
    call->params = std::move(match->params);
    return match->route->handler(std::move(call));
  }
  if (allowed.empty())
    return call->Fail(Error(Code::kNotFound, "nothing is served at " + call->request.path +
                                                 "; GET /api/v1/openapi.yaml lists what is"));
  auto response = net::ErrorResponse(Error(
      Code::kInvalidArgument,
      call->request.method + " is not served at " + call->request.path + "; " + allowed + " is"));
  response.status = 405;
  response.headers["Allow"] = allowed;
  call->Answer(std::move(response));
}

}  // namespace rw::server
