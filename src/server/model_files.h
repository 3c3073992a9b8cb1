// Which of a run's files a model path means, and how they are named in the model.
#pragma once

#include <string>
#include <vector>

#include "meta/artifacts.h"
#include "meta/models.h"

namespace rw::server {

/// `model_path` is a file or a folder among `files`: "outputs/model.pkl", "outputs/",
/// "./outputs/x". Names in the model begin with the last segment of it: "model.pkl", "outputs/…",
/// "x/…". Empty where nothing matches; kInvalidArgument for a path that can name nothing.
Result<std::vector<meta::ModelFile>> SelectModelFiles(const std::vector<meta::Artifact>& files,
                                                      const std::string& model_path);

}  // namespace rw::server
