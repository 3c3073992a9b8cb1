// uv inside of an image (image_work.h).
#pragma once

#include <string>
#include <vector>

#include "env/image_work.h"

namespace rw::env {

inline constexpr int64_t kUvInImageMs = 3'600'000;

/// What uv in a container needs; found again by the folder that uv works in.
struct ImageInstaller::UvWork {
  Part part;
  WorkContainer container;
  EnvironmentSpec spec;  // with the logins of its indexes
  Variables variables;
  Secrets secrets;
  std::vector<std::string> command;  // of the engine; starts the container
};

}  // namespace rw::env
