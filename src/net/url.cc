#include "net/url.h"

#include "base/strings.h"

namespace rw::net {
namespace {
Error BadUrl(const std::string& text, const std::string& why) {
  return Error(Code::kInvalidArgument,
               "'" + text + "' is no server address: " + why + " (e.g. http://127.0.0.1:4242)");
}
}  // namespace

std::string Url::Authority() const {
  if (!unix_path.empty()) return "localhost";
  bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Url> ParseHostPort(const std::string& text) {
  Url url;
  size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    if (close == std::string::npos) return BadUrl(text, "a ']' is missing");
    url.host = text.substr(1, close - 1);
    if (colon < close) colon = std::string::npos;
  } else {
    url.host = text.substr(0, colon);
  }
  if (url.host.empty()) return BadUrl(text, "it has no host");
  if (colon == std::string::npos) return url;
  auto port = ParseInt(std::string_view(text).substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return BadUrl(text, "its port must be 0 to 65535");
  url.port = static_cast<uint16_t>(*port);
  return url;
}

Result<Url> ParseUrl(const std::string& text) {
  if (text.starts_with("unix:")) {
    Url url;
    url.unix_path = text.substr(5);
    if (!url.unix_path.starts_with('/')) return BadUrl(text, "the socket's path is not absolute");
    return url;
  }
  if (text.starts_with("https://"))
    return Error(Code::kUnsupported, "'" + text + "': https is not supported; use http");
  if (!text.starts_with("http://")) return BadUrl(text, "it does not begin with http://");
  size_t slash = text.find('/', 7);
  Url url = TRY(ParseHostPort(text.substr(7, slash == std::string::npos ? slash : slash - 7)));
  if (slash != std::string::npos) url.prefix = text.substr(slash);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  return url;
}

}  // namespace rw::net
