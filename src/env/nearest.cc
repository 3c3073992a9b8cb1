#include "env/nearest.h"

#include <algorithm>

#include "base/strings.h"
#include "env/python_version.h"
#include "env/release.h"
#include "env/uv_words.h"

namespace rw::env {
namespace {
bool Has(std::string_view text, std::string_view needle) {
  return text.find(needle) != std::string_view::npos;
}

std::string WithMarker(std::string line, const std::string& marker) {
  if (!marker.empty()) line.append(";").append(marker);
  return line;
}
}  // namespace

Nearest::Nearest(const EnvironmentSpec& spec, std::string_view python) {
  for (const std::string& line : spec.requirements) {
    auto read = ParseRequirement(line, 0);
    if (read && *read && !(*read)->name.empty() && (*read)->url.empty()) {
      items_.push_back({**read, "", false, ""});
    } else {
      others_.push_back(line);
    }
  }
  auto version = ParseVersion(python);
  if (version) version->patch = -1;
  python_ = version ? version->ToString() : std::string(python);
}

std::vector<std::string> Nearest::Lines() const {
  std::vector<std::string> out = others_;
  for (const Item& item : items_) {
    const Requirement& asked = item.asked;
    if (item.version.empty()) {
      out.push_back(asked.canonical);
      continue;
    }
    Wanted wanted = WantedOf(asked.specifiers);
    bool above = CompareReleases(ParseRelease(item.version), wanted.release) >= 0;
    std::string range = (above ? ">=" : "<=") + item.version;
    out.push_back(WithMarker(asked.name + asked.extras + (item.loose ? range : "==" + item.version),
                             asked.marker));
  }
  return out;
}

std::vector<size_t> Nearest::Suspects(std::string_view words) const {
  std::vector<size_t> out;
  for (size_t i = 0; i < items_.size(); i++)
    if (items_[i].version.empty() && Mentions(words, items_[i].asked.name)) out.push_back(i);
  return out;
}

std::optional<size_t> Nearest::Find(std::string_view name) const {
  for (size_t i = 0; i < items_.size(); i++)
    if (items_[i].asked.name == name) return i;
  return std::nullopt;
}

std::optional<std::string> Nearest::Newer(size_t i) const {
  Wanted wanted = WantedOf(items_[i].asked.specifiers);
  if (wanted.newest()) return std::nullopt;
  return NameOf(i) + (wanted.below ? ">=" : ">") + wanted.text;
}

std::optional<std::string> Nearest::Older(size_t i) const {
  Wanted wanted = WantedOf(items_[i].asked.specifiers);
  if (wanted.newest()) return std::nullopt;
  return NameOf(i) + "<" + wanted.text;
}

void Nearest::Replace(size_t i, const std::string& version, std::string reason) {
  items_[i].version = version;
  items_[i].loose = false;
  items_[i].reason = std::move(reason);
  if (std::find(only_binary_.begin(), only_binary_.end(), NameOf(i)) == only_binary_.end())
    only_binary_.push_back(NameOf(i));
}

bool Nearest::Loosen(std::string_view words) {
  bool any = false;
  for (Item& item : items_) {
    if (item.version.empty() || item.loose || !Mentions(words, item.asked.name)) continue;
    item.loose = true;
    any = true;
  }
  return any;
}

bool Nearest::OnlyWheels(const std::string& name, const std::string& version, std::string reason) {
  if (std::find(only_binary_.begin(), only_binary_.end(), name) != only_binary_.end()) return false;
  only_binary_.push_back(name);
  unasked_.push_back({name, version, std::move(reason)});
  return true;
}

bool Nearest::replaced() const {
  return !unasked_.empty() || std::any_of(items_.begin(), items_.end(),
                                          [](const Item& item) { return !item.version.empty(); });
}

std::vector<std::string> Nearest::Warnings(std::string_view lock) const {
  std::vector<std::string> out;
  auto add = [&](const std::string& asked, const std::string& name, std::string now,
                 const std::string& reason) {
    if (!lock.empty()) now = VersionIn(lock, name);
    out.push_back(asked + " → " + (now.empty() ? "nothing" : name + "==" + now) + ": " + reason);
  };
  for (const Item& item : items_)
    if (!item.version.empty())
      add(item.asked.canonical, item.asked.name, item.version, item.reason);
  for (const Unasked& one : unasked_) {
    // Nobody asked for it by name: without a lock it may not even be installed.
    if (lock.empty()) continue;
    std::string was = one.name + (one.version.empty() ? "" : "==" + one.version);
    add(was, one.name, "", one.reason);
  }
  return out;
}

std::string Nearest::ReasonOf(std::string_view words) const {
  if (Has(words, "Failed to build") || Has(words, "Failed to download and build"))
    return "no wheel for Python " + python_ + ", and its source does not build";
  if (Has(words, "does not satisfy Python") || Has(words, "Python version"))
    return "it is not for Python " + python_;
  return "no wheel for Python " + python_;
}

bool NeverWas(std::string_view words) {
  return Has(words, "there is no version of") || Has(words, "was not found") ||
         Has(words, "there are no versions of");
}

std::string VersionIn(std::string_view lock, std::string_view name) {
  for (const std::string& line : Split(lock, '\n')) {
    auto read = ParseRequirement(line, 0);
    if (read && *read && (*read)->name == name && (*read)->specifiers.starts_with("=="))
      return (*read)->specifiers.substr(2);
  }
  return {};
}

}  // namespace rw::env
