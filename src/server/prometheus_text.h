// The text format of Prometheus, 0.0.4.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rw::server {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

class PrometheusText {
 public:
  /// Before its samples. `type`: counter, gauge, histogram.
  void Family(std::string_view name, std::string_view type, std::string_view help);
  void Sample(std::string_view name, const Labels& labels, double value);
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace rw::server
