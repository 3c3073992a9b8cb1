#include "env/index_login.h"

#include "base/strings.h"

namespace rw::env {
namespace {

bool IsBelow(std::string_view url, std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!url.starts_with(prefix)) return false;
  return url.size() == prefix.size() || url[prefix.size()] == '/' || url[prefix.size()] == '?';
}

std::string UserInfo(const std::string& text) {
  size_t colon = text.find(':');
  if (colon == std::string::npos) return "__token__:" + PercentEncode(text);
  return PercentEncode(text.substr(0, colon)) + ":" + PercentEncode(text.substr(colon + 1));
}
}  // namespace

std::string WithLogin(const std::string& url, const std::vector<Credential>& credentials) {
  size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  size_t end = url.find('/', scheme + 3);
  std::string_view host(url.data() + scheme + 3,
                        (end == std::string::npos ? url.size() : end) - scheme - 3);
  if (host.find('@') != std::string_view::npos) return url;
  const Credential* best = nullptr;
  for (const Credential& one : credentials)
    if (!one.url.empty() && IsBelow(url, one.url) &&
        (best == nullptr || one.url.size() > best->url.size()))
      best = &one;
  if (best == nullptr) return url;
  std::string out = url;
  return out.insert(scheme + 3, UserInfo(best->text) + "@");
}

void AddLogins(Variables& uv, const std::vector<Credential>& credentials, Secrets& secrets) {
  if (credentials.empty()) return;
  for (const char* name :
       {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"}) {
    auto found = uv.find(name);
    if (found == uv.end()) continue;
    char separator = std::string_view(name) == "UV_FIND_LINKS" ? ',' : ' ';
    std::vector<std::string> urls = Split(found->second, separator);
    for (std::string& url : urls) url = WithLogin(url, credentials);
    found->second = Join(urls, std::string(1, separator));
    secrets.Learn(found->second);
  }
}

}  // namespace rw::env
