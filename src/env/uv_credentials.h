// Credentials from the secret store, handed to uv and git so that nobody else sees them: inside
// URLs of uv's environment variables and 0600 files, and in git's environment. Never in arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/installer.h"
#include "env/variables.h"

namespace rw::env {

/// `url` with the user info of the credential whose URL is the longest prefix of it; as it is where
/// none fits, where it has user info already, and where it is no http(s) URL.
std::string WithCredentials(const std::string& url, const std::vector<Credential>& credentials);

/// The same for the indexes, links and requirements of a spec.
EnvironmentSpec WithCredentials(EnvironmentSpec spec, const std::vector<Credential>& credentials);

/// git's settings for the repositories among the requirements, as variables.
void AddGitCredentials(const EnvironmentSpec& spec, const std::vector<Credential>& credentials,
                       Variables& variables);

}  // namespace rw::env
