#include "executor/claimer.h"

#include "base/mutant.h"
#include "base/strings.h"
#include "model/protocol.h"

namespace rw::executor {

Claimer::Claimer(Context& context, ServerLink& server, RunFolder folder, Claim claim,
                 std::string host, int pid)
    : context_(context),
      server_(server),
      folder_(std::move(folder)),
      claim_(std::move(claim)),
      host_(std::move(host)),
      pid_(pid) {}

Result<std::string> Claimer::Claimant() {
  auto kept = os::ReadFile(context_.fs, folder_.claimant(), 4096);
  if (kept && !Trim(*kept).empty() && !MutantPlanted("claimant_forgotten"))
    return std::string(Trim(*kept));
  std::string made = context_.random.Hex(16);
  TRY(os::WriteFileAtomically(context_.fs, folder_.claimant(), made + "\n", 0600));
  return made;
}

Status Claimer::Start(std::function<void(ClaimResult)> done) {
  done_ = std::move(done);
  auto stored = os::ReadFile(context_.fs, folder_.grant());
  auto grant = stored ? ParseGrant(*stored) : Result<Grant>(stored.error());
  if (grant) {
    auto result = std::make_shared<ClaimResult>(ClaimResult{true, *stored, *grant, ""});
    context_.loop.Post("claim.stored", lifetime_.Bind([this, result] { done_(*result); }));
    return Ok();
  }
  json::Value body = json::Object();
  body.Set("claimant", TRY(Claimant()))
      .Set("secret", claim_.secret)
      .Set("protocol", model::kExecutorProtocol);
  body.Set("host", host_).Set("pid", pid_);
  server_.Post("/api/v1/allocations/" + PercentEncode(claim_.allocation_id) + "/claim", body,
               lifetime_.Bind([this](const net::Response& response) { Answered(response); }),
               ServerLink::Patience::kUntilWord);
  return Ok();
}

void Claimer::Answered(const net::Response& response) {
  if (response.status != 200) return done_({false, "", {}, ErrorOf(response).ToString()});
  auto grant = ParseGrant(response.body.bytes);
  if (!grant) return done_({false, "", {}, grant.error().message()});
  done_({true, response.body.bytes, std::move(*grant), ""});
}

}  // namespace rw::executor
