// Which channels of a conda environment can be reached, and what solves: asked once, then
// remembered for a while.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "env/conda_driver.h"

namespace rw::env {

/// What is known of the channels of a spec.
struct Reach {
  std::vector<std::string> reached;  // URLs
  std::vector<std::string> missed;   // "URL (why)"
  std::string why;                   // "": conda can be used; else what is in the way
  CondaTool tool;
  int64_t at_us = 0;
};

json::Value CredentialsJson(const std::vector<Credential>& credentials);

/// On the loop's thread.
class CondaChannels {
 public:
  using Done = std::function<void(const Reach&)>;
  CondaChannels(Clock& clock, CondaDriver& driver, const CondaOptions& options)
      : clock_(clock), driver_(driver), options_(options) {}

  void Ask(const EnvironmentSpec& spec, const Progress& progress, const Done& done);

 private:
  void Answered(const std::string& key, const Result<json::Value>& answer, const Progress& progress,
                const Done& done);
  std::function<bool()> Gone() const {
    return [alive = std::weak_ptr<bool>(alive_)] { return alive.expired(); };
  }

  Clock& clock_;
  CondaDriver& driver_;
  const CondaOptions& options_;
  std::map<std::string, Reach> reach_;  // by the spec's channels
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::env
