// One request on its way through a handler.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.h"
#include "server/principal.h"

namespace rw::server {

/// Handlers keep the shared pointer as long as they work; exactly one answer, from the loop's
/// thread. Dropped without one, the peer gets 500.
struct Call {
  net::Request request;
  std::vector<std::pair<std::string, std::string>> params;  // of the pattern, decoded
  Principal principal;
  std::shared_ptr<net::Responder> responder;
  std::shared_ptr<void> at_hand;  // counts this call as unanswered while it lives

  /// A {param} of the pattern; the pattern is ours, so its absence is our bug.
  const std::string& Param(std::string_view name) const;
  /// The body as a JSON object (an empty body is {}). kInvalidArgument says what is wrong with it;
  /// at most 64 MiB.
  Result<json::Value> JsonBody() const;
  /// A whole number in the query. Absent: `otherwise`, kInvalidArgument naming it out of
  /// least…most.
  Result<int64_t> QueryInt(std::string_view name, int64_t otherwise, int64_t least,
                           int64_t most) const;
  /// true, false, 1 or 0 in the query.
  Result<bool> QueryBool(std::string_view name, bool otherwise) const;
  /// kInvalidArgument naming it when absent or empty.
  Result<std::string> RequireQuery(std::string_view name) const;

  void Answer(net::Response response);
  void Answer(Result<net::Response> response);  // errors become ErrorResponse
  void Json(const json::Value& value, int status = 200);
  void Fail(const Error& error);
};
using CallPtr = std::shared_ptr<Call>;

/// An error with one more member beside "error": what is missing, what there is instead.
net::Response ErrorWith(const Error& error, std::string key, json::Value value);

}  // namespace rw::server
