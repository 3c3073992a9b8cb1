#include "backend/testing/fake_backend.h"

namespace rw::backend::testing {

void FakeBackend::Start(const StartRequest& request, std::function<void(Status)> done) {
  if (!fail_.empty()) {
    Error error = std::move(fail_.front());
    fail_.erase(fail_.begin());
    done(std::move(error));
    return;
  }
  starts_.push_back(request);
  lives_[request.allocation.str()] = Life::kAlive;
  done(Ok());
  if (on_start) on_start(request);
}

Life FakeBackend::Probe(const RunId& run, const AllocationId& allocation) {
  (void)run;
  auto life = lives_.find(allocation.str());
  return life == lives_.end() ? Life::kNotBegun : life->second;
}

json::Value FakeBackend::ExitRecord(const RunId& run) {
  auto record = exits_.find(run.str());
  return record == exits_.end() ? json::Value() : record->second;
}

void FakeBackend::KillRemains(const RunId& run) { killed_.push_back(run.str()); }

}  // namespace rw::backend::testing
