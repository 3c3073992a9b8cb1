#include "server/listen_address.h"

#include "base/strings.h"

namespace rw::server {

Result<ListenAddress> ParseListen(const std::string& text) {
  size_t colon = text.rfind(':');
  auto port = colon == std::string::npos ? std::nullopt : ParseInt(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535 || colon == 0)
    return Error(Code::kInvalidArgument,
                 "--listen must be HOST:PORT, like 127.0.0.1:0, not '" + text + "'", "listen");
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return ListenAddress{host, static_cast<uint16_t>(*port)};
}

std::string HostPort(const std::string& host, uint16_t port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(port);
}

std::string UrlOf(const std::string& host, uint16_t port) {
  if (host == "0.0.0.0") return "http://" + HostPort("127.0.0.1", port);
  if (host == "::") return "http://" + HostPort("::1", port);
  return "http://" + HostPort(host, port);
}

}  // namespace rw::server
