#include "env/secrets.h"

namespace rw::env {
namespace {
constexpr std::string_view kMask = "****@";

/// Where a URL's authority ends: at '/', '?', '#', a quote or whitespace.
size_t AuthorityEnd(std::string_view text, size_t from) {
  size_t end = text.find_first_of("/?#\"'` \t\r\n,)>", from);
  return end == std::string_view::npos ? text.size() : end;
}

/// Calls `found(start, at, end)` for each authority [start, end) whose last '@' is at `at`.
template <class F>
void EachUserInfo(std::string_view text, F found) {
  for (size_t pos = 0; (pos = text.find("://", pos)) != std::string_view::npos;) {
    size_t start = pos + 3;
    size_t end = AuthorityEnd(text, start);
    size_t at = text.substr(start, end - start).rfind('@');
    if (at != std::string_view::npos) found(start, start + at, end);
    pos = end > start ? end : start;
  }
}
}  // namespace

std::string MaskUserInfo(std::string_view text) {
  std::string out;
  size_t copied = 0;
  EachUserInfo(text, [&](size_t start, size_t at, size_t) {
    // "git@host" of an ssh URL is no secret.
    if (text.substr(start, at - start).find(':') == std::string_view::npos &&
        text.substr(start, at - start) == "git")
      return;
    out.append(text.substr(copied, start - copied)).append(kMask);
    copied = at + 1;
  });
  out.append(text.substr(copied));
  return out;
}

void Secrets::Learn(std::string_view text) {
  EachUserInfo(text, [&](size_t start, size_t at, size_t end) {
    std::string host(text.substr(at + 1, end - at - 1));
    entries_.push_back(
        {"://" + std::string(kMask) + host, "://" + std::string(text.substr(start, end - start))});
  });
}

std::string Secrets::Restore(std::string_view masked) const {
  std::string out(masked);
  for (const Entry& entry : entries_) {
    for (size_t pos = 0; (pos = out.find(entry.masked, pos)) != std::string::npos;) {
      out.replace(pos, entry.masked.size(), entry.plain);
      pos += entry.plain.size();
    }
  }
  return out;
}

}  // namespace rw::env
