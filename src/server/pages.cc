#include "server/pages.h"

#include "base/strings.h"

namespace rw::server {

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string FillTemplate(std::string_view page, const std::map<std::string, std::string>& values) {
  std::string out;
  while (true) {
    size_t open = page.find("{{");
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    bool raw = page.substr(open, 3) == "{{{";
    size_t begin = open + (raw ? 3 : 2);
    size_t end = page.find(raw ? "}}}" : "}}", begin);
    CHECK(end != std::string_view::npos);
    auto found = values.find(std::string(page.substr(begin, end - begin)));
    CHECK(found != values.end());
    out += raw ? found->second : EscapeHtml(found->second);
    page.remove_prefix(end + (raw ? 3 : 2));
  }
}

net::Response PageResponse(Random& random, std::string_view page,
                           std::map<std::string, std::string> values, int status) {
  std::string nonce = random.Hex(16);
  values["nonce"] = nonce;
  net::Response response;
  response.status = status;
  response.body.bytes = FillTemplate(page, values);
  response.headers["Content-Type"] = "text/html; charset=utf-8";
  response.headers["Content-Security-Policy"] =
      "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce +
      "'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
  response.headers["X-Content-Type-Options"] = "nosniff";
  response.headers["Referrer-Policy"] = "no-referrer";
  response.headers["Cache-Control"] = "no-store";
  return response;
}

net::Response LoginPage(Random& random, const std::string& next, const std::string& message) {
  return PageResponse(random, LoginTemplate(), {{"next", LocalPath(next)}, {"message", message}},
                      401);
}

std::string LocalPath(const std::string& path) {
  if (path.empty() || path.front() != '/') return "/";
  // "//host" and "/\host" are other hosts to a browser, and it drops control characters before it
  // looks.
  if (path.size() > 1 && (path[1] == '/' || path[1] == '\\')) return "/";
  for (char c : path)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return "/";
  return path;
}

}  // namespace rw::server
