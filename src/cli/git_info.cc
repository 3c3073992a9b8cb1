#include "cli/git_info.h"

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::cli {
namespace {
constexpr int64_t kGitTimeoutMs = 20'000;

/// "https://user:secret@host/x" → "https://host/x".
std::string WithoutCredentials(const std::string& url) {
  size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  size_t begin = scheme + 3;
  size_t slash = url.find('/', begin);
  size_t at = url.rfind('@', slash == std::string::npos ? slash : slash - 1);
  if (at == std::string::npos || at < begin) return url;
  return url.substr(0, begin) + url.substr(at + 1);
}

std::string RepositoryOf(const std::string& folder) {
  for (std::string at = folder;; at = os::DirName(at)) {
    if (os::Exists(os::PosixFileSystem(), os::JoinPath(at, ".git"))) return at;
    if (at == "/" || at.empty()) return "";
  }
}
}  // namespace

std::map<std::string, std::string> ParseGitStatus(const std::string& text) {
  std::map<std::string, std::string> facts{{"dirty", "False"}};
  for (const std::string& line : Split(text, '\n')) {
    if (line.starts_with("# branch.oid ") && !line.ends_with("(initial)")) {
      facts["commit"] = line.substr(13);
    } else if (line.starts_with("# branch.head ") && !line.ends_with("(detached)")) {
      facts["branch"] = line.substr(14);
    } else if (!line.empty() && line[0] != '#') {
      facts["dirty"] = "True";
    }
  }
  return facts;
}

std::string OriginUrl(const std::string& config) {
  std::string section;
  for (const std::string& raw : Split(config, '\n')) {
    std::string line(Trim(raw));
    if (line.starts_with('[')) section = line;
    size_t equals = line.find('=');
    if (section == "[remote \"origin\"]" && equals != std::string::npos &&
        Trim(std::string_view(line).substr(0, equals)) == "url")
      return WithoutCredentials(std::string(Trim(std::string_view(line).substr(equals + 1))));
  }
  return "";
}

std::map<std::string, std::string> GitProperties(const client::Surroundings& here,
                                                 const std::string& folder) {
  std::string root = RepositoryOf(folder);
  std::string git = root.empty() ? "" : here.FindProgram("git");
  if (git.empty()) return {};
  os::LaunchSpec spec{
      .argv = {git, "--no-optional-locks", "-C", folder, "status", "--porcelain=v2", "--branch"},
      .environment = here.EnvironmentOfChildren()};
  auto result = os::RunCommand(spec, kGitTimeoutMs);
  if (!result || result->exit_code != 0) return {};
  std::map<std::string, std::string> facts = ParseGitStatus(result->out);
  auto config = os::ReadFile(os::PosixFileSystem(), os::JoinPath(root, ".git/config"));
  if (std::string url = config ? OriginUrl(*config) : ""; !url.empty())
    facts["repository_uri"] = url;
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : facts) out[std::string("azureml.git.").append(key)] = value;
  const std::pair<const char*, const char*> twins[] = {
      {"repository_uri", "repoURL"}, {"branch", "branch"}, {"commit", "commit"}};
  for (const auto& [key, twin] : twins)
    if (facts.contains(key)) out[std::string("mlflow.source.git.") + twin] = facts[key];
  return out;
}

}  // namespace rw::cli
