// What git says about a source folder: recorded with each run.
#pragma once

#include <map>
#include <string>

#include "client/surroundings.h"

namespace rw::cli {

/// Run properties azureml.git.* and their mlflow.source.git.* twins; empty outside of a repository
/// and on a machine without git.
std::map<std::string, std::string> GitProperties(const client::Surroundings& here,
                                                 const std::string& folder);

/// commit, branch and dirty of `git status --porcelain=v2 --branch`.
std::map<std::string, std::string> ParseGitStatus(const std::string& text);
/// URL of the remote "origin" in a .git/config, without any credential; "" where there is none.
std::string OriginUrl(const std::string& config);

}  // namespace rw::cli
