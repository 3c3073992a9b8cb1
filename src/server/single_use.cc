// Targets made for one run: gone when it has ended.
#include "base/log.h"
#include "server/run_service.h"

namespace rw::server {
namespace {
/// Its value is the run's id.
constexpr char kTag[] = "runwright.single_use_run";
/// So long may be between the making of a target and the submission of its run.
constexpr int64_t kUnusedUs = int64_t{3600} * 1'000'000;
}  // namespace

void RunService::SetTarget(const meta::ComputeRow& compute) {
  scheduler_.SetTarget(compute.row, AmlSettings(compute));
  env_roots_[compute.row] = compute.env_root;
  std::string run_id = compute.tags.StringOr(kTag);
  if (!run_id.empty()) single_use_[run_id] = compute.row;
}

/// At start: those whose run ended while no server was there, or was never submitted.
void RunService::SweepSingleUse() {
  auto computes = meta::AllComputes(context_.read);
  if (!computes) return;
  for (const meta::ComputeRow& compute : *computes) {
    std::string run_id = compute.tags.StringOr(kTag);
    if (run_id.empty()) continue;
    auto run = meta::FindRun(context_.read, run_id);
    if (!run) continue;
    bool over = *run ? model::IsTerminal((*run)->state.status)
                     : context_.NowMicros() - compute.created_us > kUnusedUs;
    if (over) RemoveSingleUse(run_id);
  }
}

void RunService::RemoveSingleUse(const std::string& run_id) {
  auto target = single_use_.find(run_id);
  if (target == single_use_.end()) return;
  int64_t row = target->second;
  single_use_.erase(target);
  auto removed = std::make_shared<bool>(false);
  context_.writer.Submit(
      "compute.single_use",
      [row, removed](db::Connection& db) -> Status {
        *removed = TRY(meta::RunsUsing(db, row)).empty();
        return *removed ? meta::DeleteCompute(db, row) : Ok();
      },
      [this, alive = alive_, row, run_id, removed](const Status& status) {
        if (!*alive) return;
        if (!status) {  // taken up again at the next start
          LOG_WARN("compute.single_use", {"run", run_id}, {"error", status.error().message()});
        } else if (*removed) {
          scheduler_.RemoveTarget(row);
        }
      });
}

}  // namespace rw::server
