#include "client/surroundings.h"

#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <climits>

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"

extern char** environ;

namespace rw::client {

Surroundings Surroundings::OfThisProcess() {
  Surroundings out;
  char cwd[PATH_MAX];
  if (getcwd(cwd, sizeof cwd) != nullptr) out.cwd = cwd;
  utsname machine{};
  if (uname(&machine) == 0) out.host = machine.nodename;
  for (char** entry = environ; *entry != nullptr; entry++) {
    std::string_view text = *entry;
    size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      out.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::string Surroundings::Variable(const std::string& name) const {
  auto it = variables.find(name);
  return it == variables.end() ? "" : it->second;
}

std::string Surroundings::Home() const {
  std::string home = Variable("HOME");
  if (!home.empty()) return home;
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_dir : "/";
}

std::string Surroundings::CredentialPath() const {
  std::string base = Variable("XDG_CONFIG_HOME");
  if (base.empty()) base = os::JoinPath(Home(), ".config");
  return os::JoinPath(base, "runwright/credentials.json");
}

std::string Surroundings::DataFolder() const {
  std::string base = Variable("XDG_DATA_HOME");
  if (base.empty()) base = os::JoinPath(Home(), ".local/share");
  return os::JoinPath(base, "runwright");
}

std::string Surroundings::Absolute(const std::string& path) const {
  std::string whole = path;
  if (whole == "~" || whole.starts_with("~/")) whole = Home() + whole.substr(1);
  if (!whole.starts_with('/')) whole = cwd + "/" + whole;
  std::vector<std::string> parts;
  for (const std::string& part : Split(whole, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(part);
  }
  return "/" + Join(parts, "/");
}

std::string Surroundings::FindProgram(const std::string& name) const {
  for (const std::string& folder : Split(Variable("PATH"), ':')) {
    if (folder.empty()) continue;
    std::string path = os::JoinPath(Absolute(folder), name);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

namespace {
/// A setting for the server, not for this program.
constexpr const char* kBuildSeconds = "RUNWRIGHT_BUILD_SECONDS";
}  // namespace

std::vector<std::string> Surroundings::EnvironmentOfChildren() const {
  std::vector<std::string> out;
  out.reserve(variables.size());
  for (const auto& [name, value] : variables)
    if (!name.starts_with("RUNWRIGHT_") || name == kBuildSeconds)
      out.emplace_back(name).append("=").append(value);
  return out;
}

}  // namespace rw::client
