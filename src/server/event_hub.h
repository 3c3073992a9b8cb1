// Tells the followers of a run, or of an environment that is made, that something about it changed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace rw::server {

/// Only a hint: followers read the state itself from the database or the file.
struct RunEvent {
  enum class Kind { kStatus, kLog, kArtifact, kMetrics, kCommand };
  Kind kind;
  std::string name;  // of the log or artifact
};

/// By run id or env_id. On the loop's thread. Publish after the change is committed.
class EventHub {
 public:
  using Callback = std::function<void(const RunEvent&)>;
  /// Until the returned handle is dropped. A callback may subscribe, drop and publish.
  [[nodiscard]] std::shared_ptr<void> Subscribe(const std::string& run_id, Callback callback);
  void Publish(const std::string& run_id, const RunEvent& event);
  size_t followers(const std::string& run_id) const;

 private:
  struct State {
    std::map<std::string, std::map<uint64_t, std::shared_ptr<Callback>>> by_run;
    uint64_t next = 1;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace rw::server
