// What scripts of an interpreter can import, kept until its folders change.
#include "base/strings.h"
#include "env/installed_packages.h"
#include "env/interpreters.h"
#include "os/file_system.h"

namespace rw::env {
namespace {
std::string StatsOf(const std::vector<std::string>& folders) {
  std::string out;
  for (const std::string& folder : folders) {
    auto info = os::PosixFileSystem().Stat(folder);
    out += info ? std::to_string(info->inode) + ":" + std::to_string(info->mtime_ns) : "-";
    out += ' ';
  }
  return out;
}

json::Value ToJson(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

std::vector<std::string> TextsOf(const json::Value& value) {
  std::vector<std::string> out;
  if (!value.is_array()) return out;
  for (const json::Value& text : value.as_array())
    if (text.is_string()) out.push_back(text.as_string());
  return out;
}
}  // namespace

std::optional<std::vector<std::string>> Interpreters::KnownPackages(const std::string& path) {
  Packages seen;
  {
    std::lock_guard lock(mutex_);
    auto found = packages_.find(path);
    if (found == packages_.end()) return std::nullopt;
    seen = found->second;
  }
  if (StatsOf(seen.folders) != seen.stats) return std::nullopt;
  return std::move(seen.packages);
}

void Interpreters::AskPackages(const std::string& path) {
  Packages seen;
  auto told = ImportablePackages(path, variables_);
  if (told) seen.folders = std::move(told->folders);
  seen.folders.push_back(path);
  // What is installed from here on is seen by the next look.
  seen.stats = StatsOf(seen.folders);
  if (told)
    for (const auto& [name, version] : told->versions)
      seen.packages.push_back(name + "==" + version);
  std::lock_guard lock(mutex_);
  packages_[path] = std::move(seen);
}

json::Value Interpreters::SavePackages() const {
  json::Value out{json::Object{}};
  for (const auto& [path, seen] : packages_) {
    json::Value entry;
    entry.Set("folders", ToJson(seen.folders)).Set("stats", seen.stats);
    out.Set(path, entry.Set("packages", ToJson(seen.packages)));
  }
  return out;
}

void Interpreters::LoadPackages(const json::Value& saved) {
  if (!saved.is_object()) return;
  for (const auto& [path, entry] : saved.as_object())
    if (entry.is_object())
      packages_[path] = {TextsOf(entry["folders"]), entry.StringOr("stats"),
                         TextsOf(entry["packages"])};
}

}  // namespace rw::env
