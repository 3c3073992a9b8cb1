#include "server/fence.h"

#include "base/mutant.h"

namespace rw::server {

FenceClaim FenceOf(const Call& call) {
  if (call.principal.kind != Principal::Kind::kRun) return {};
  return {true, call.principal.allocation_id, call.request.Header("Runwright-Fence")};
}

Error Fenced(const std::string& allocation_id) {
  return Error(Code::kConflict,
               "fenced: allocation " + allocation_id +
                   " is not the run's current one; its executor must end",
               "fence");
}

Status CheckFence(db::Connection& db, const FenceClaim& claim) {
  if (!claim.is_run || MutantPlanted("no_fence")) return Ok();
  auto allocation = TRY(meta::FindAllocation(db, claim.allocation_id));
  if (!allocation || allocation->ended() || claim.fence != std::to_string(allocation->fence)) {
    return Fenced(claim.allocation_id);
  }
  return Ok();
}

}  // namespace rw::server
