// The few HTML pages of the server: templates with escaped values, and a policy that lets nothing
// else run.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "net/http.h"
#include "server/server_context.h"

namespace rw::server {

std::string EscapeHtml(std::string_view text);

/// Replaces {{name}} by the escaped value, {{{name}}} by the value as it is (our own markup only).
/// A name without a value is our bug.
std::string FillTemplate(std::string_view page, const std::map<std::string, std::string>& values);

/// Fills `page` with `values` and a fresh {{nonce}}, under a strict content security policy.
net::Response PageResponse(Random& random, std::string_view page,
                           std::map<std::string, std::string> values, int status = 200);

/// 401 with the form that takes the token; `next` is where it leads to.
net::Response LoginPage(Random& random, const std::string& next, const std::string& message);

/// A path of this server: "/runs/x"; everything that a browser could read as another host is "/".
std::string LocalPath(const std::string& path);

/// Embedded at build time.
std::string_view OpenApiYaml();
std::string_view LoginTemplate();
std::string_view RunTemplate();

}  // namespace rw::server
