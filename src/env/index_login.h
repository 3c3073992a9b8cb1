// User names and passwords into the URLs of indexes, which only uv's own variables carry.
#pragma once

#include <string>
#include <vector>

#include "env/installer.h"
#include "env/secrets.h"
#include "env/variables.h"

namespace rw::env {

/// "https://host/simple" as "https://user:password@host/simple" where the credential's URL is a
/// prefix of it by whole path parts; the longest wins. One that has user info keeps it. A bare
/// token goes with the user name __token__.
std::string WithLogin(const std::string& url, const std::vector<Credential>& credentials);

/// The same for every index and find-links URL of uv's variables; `secrets` learns them, so that
/// they are masked wherever uv repeats them.
void AddLogins(Variables& uv, const std::vector<Credential>& credentials, Secrets& secrets);

}  // namespace rw::env
