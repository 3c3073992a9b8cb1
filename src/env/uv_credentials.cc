#include "env/uv_credentials.h"

#include <algorithm>

#include "base/strings.h"
#include "env/requirement.h"

namespace rw::env {
namespace {
struct User {
  std::string name;
  std::string password;
};

/// A bare token goes with the user name that package indexes expect of one.
User UserOf(const Credential& credential) {
  size_t colon = credential.text.find(':');
  if (colon == std::string::npos) return {"__token__", credential.text};
  return {credential.text.substr(0, colon), credential.text.substr(colon + 1)};
}

bool IsWeb(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

/// "https://h/a" covers "https://h/a", "https://h/a/b" and "https://h/a?c", not "https://h/ab".
bool Covers(std::string_view prefix, std::string_view url) {
  if (!url.starts_with(prefix)) return false;
  if (url.size() == prefix.size() || prefix.ends_with('/')) return true;
  return std::string_view("/?#").find(url[prefix.size()]) != std::string_view::npos;
}

/// Host and port of a URL in lower case, the rest as it is.
std::string Lowered(std::string_view url) {
  size_t start = url.find("://");
  if (start == std::string_view::npos) return std::string(url);
  size_t end = std::min(url.find_first_of("/?#", start + 3), url.size());
  return Lower(url.substr(0, end)) + std::string(url.substr(end));
}

bool IsRepository(const std::string& requirement) {
  return requirement.find("git+http") != std::string::npos;
}
}  // namespace

std::string WithCredentials(const std::string& url, const std::vector<Credential>& credentials) {
  if (!IsWeb(url)) return url;
  size_t start = url.find("://") + 3;
  size_t end = std::min(url.find_first_of("/?#", start), url.size());
  if (url.substr(start, end - start).find('@') != std::string::npos) return url;
  const Credential* best = nullptr;
  for (const Credential& one : credentials)
    if (Covers(Lowered(one.url), Lowered(url)) &&
        (best == nullptr || one.url.size() > best->url.size()))
      best = &one;
  if (best == nullptr) return url;
  User user = UserOf(*best);
  return url.substr(0, start) + PercentEncode(user.name) + ":" + PercentEncode(user.password) +
         "@" + url.substr(start);
}

EnvironmentSpec WithCredentials(EnvironmentSpec spec, const std::vector<Credential>& credentials) {
  if (credentials.empty()) return spec;
  spec.index_url = WithCredentials(spec.index_url, credentials);
  for (std::string& url : spec.extra_index_urls) url = WithCredentials(url, credentials);
  for (std::string& url : spec.find_links) url = WithCredentials(url, credentials);
  for (std::string& line : spec.requirements) {
    auto read = ParseRequirement(line, 0);
    if (!read || !*read || (*read)->editable || IsRepository(line)) continue;
    const Requirement& one = **read;
    if (!one.url.empty()) {
      line = one.name + one.extras + "@" + WithCredentials(one.url, credentials) +
             (one.marker.empty() ? "" : " ;" + one.marker);
    } else if (one.name.empty()) {
      line = WithCredentials(line, credentials);
    }
  }
  return spec;
}

void AddGitCredentials(const EnvironmentSpec& spec, const std::vector<Credential>& credentials,
                       Variables& variables) {
  if (std::none_of(spec.requirements.begin(), spec.requirements.end(), IsRepository)) return;
  int64_t count = ParseInt(Get(variables, "GIT_CONFIG_COUNT")).value_or(0);
  for (const Credential& one : credentials) {
    User user = UserOf(one);
    std::string n = std::to_string(count++);
    variables["GIT_CONFIG_KEY_" + n] = "http." + one.url + ".extraHeader";
    variables["GIT_CONFIG_VALUE_" + n] =
        "Authorization: Basic " + Base64Encode(user.name + ":" + user.password);
  }
  variables["GIT_CONFIG_COUNT"] = std::to_string(count);
  variables["GIT_TERMINAL_PROMPT"] = "0";
}

}  // namespace rw::env
