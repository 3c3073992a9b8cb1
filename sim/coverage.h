// Which fault points the seeds have reached: a simulator that never hits one proves nothing there.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace rw::sim {

/// Every fault point and state that a full run of the simulator must reach.
std::span<const std::string_view> FaultPoints();

/// Hits by name.
class Coverage {
 public:
  /// `point` must be in the list: a misspelt one would never be missed.
  void Hit(std::string_view point);
  void Add(const std::string& point, int64_t hits) { hits_[point] += hits; }
  const std::map<std::string, int64_t>& hits() const { return hits_; }

 private:
  std::map<std::string, int64_t> hits_;
};

/// One line a point; false when a listed one was never hit.
bool PrintCoverage(const Coverage& coverage);

}  // namespace rw::sim
