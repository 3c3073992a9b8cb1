#include "server/protocol.h"

#include "base/strings.h"
#include "model/protocol.h"

namespace rw::server {

Status CheckProtocol(int64_t version) {
  using model::kExecutorProtocol;
  using model::kOldestExecutorProtocol;
  if (version >= kOldestExecutorProtocol && version <= kExecutorProtocol) return Ok();
  bool newer = version > kExecutorProtocol;
  return Error(Code::kFailedPrecondition,
               "this executor speaks protocol " + std::to_string(version) +
                   "; this server speaks " + std::to_string(kOldestExecutorProtocol) + " to " +
                   std::to_string(kExecutorProtocol) +
                   (newer ? ": the server is too old for it, start a newer one"
                          : ": the executor is too old, submit the run again"),
               "protocol");
}

Status CheckProtocol(const net::Request& head) {
  std::string text = head.Header(model::kProtocolHeader);
  if (text.empty()) return Ok();
  return CheckProtocol(ParseInt(text).value_or(0));
}

}  // namespace rw::server
