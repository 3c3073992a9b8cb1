#include "server/event_hub.h"

#include <vector>

namespace rw::server {

std::shared_ptr<void> EventHub::Subscribe(const std::string& run_id, Callback callback) {
  uint64_t number = state_->next++;
  state_->by_run[run_id][number] = std::make_shared<Callback>(std::move(callback));
  std::weak_ptr<State> weak = state_;
  return std::shared_ptr<void>(nullptr, [weak, run_id, number](void*) {
    auto state = weak.lock();
    if (!state) return;
    auto found = state->by_run.find(run_id);
    if (found == state->by_run.end()) return;
    found->second.erase(number);
    if (found->second.empty()) state->by_run.erase(found);
  });
}

void EventHub::Publish(const std::string& run_id, const RunEvent& event) {
  auto found = state_->by_run.find(run_id);
  if (found == state_->by_run.end()) return;
  // A callback may drop its own or another's subscription: those that are gone are not called.
  std::vector<std::weak_ptr<Callback>> now;
  for (auto& [number, callback] : found->second) now.push_back(callback);
  for (auto& weak : now)
    if (auto callback = weak.lock()) (*callback)(event);
}

size_t EventHub::followers(const std::string& run_id) const {
  auto found = state_->by_run.find(run_id);
  return found == state_->by_run.end() ? 0 : found->second.size();
}

}  // namespace rw::server
