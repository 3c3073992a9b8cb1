// pip's settings (pip.conf and PIP_*) as uv understands them: uv reads neither.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/secrets.h"
#include "env/spec.h"
#include "env/variables.h"

namespace rw::env {

struct PipSettings {
  std::string index_url;
  std::vector<std::string> extra_index_urls;
  std::vector<std::string> find_links;
  std::vector<std::string> trusted_hosts;
  std::vector<std::string> constraints;
  bool no_index = false;
  bool pre = false;
  std::string cert;
  std::string proxy;
  std::string timeout;  // seconds
};

/// Text of a file, nullopt where it is not there.
using ReadText = std::function<std::optional<std::string>(const std::string& path)>;

/// Later wins, as in pip: global, user, site (`prefix`/pip.conf of the interpreter),
/// PIP_CONFIG_FILE (which, as /dev/null, turns files off), PIP_*; within a file [global], then
/// [install].
PipSettings ReadPipSettings(const Variables& variables, const std::string& prefix,
                            const ReadText& read);

/// Variables for uv: `server`'s for tools, the settings and the spec's own indexes. UV_* of the
/// server win over pip's settings; the spec wins over both. UV_SYSTEM_CERTS=1 unless set. Passwords
/// travel only here. `secrets` learns every password that may come back in uv's words.
Variables UvVariables(const Variables& server, const PipSettings& pip, const EnvironmentSpec& spec,
                      Secrets& secrets);

}  // namespace rw::env
