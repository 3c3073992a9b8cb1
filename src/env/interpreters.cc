#include "env/interpreters.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "env/programs.h"
#include "json/value.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::env {
namespace {
constexpr int64_t kProbeTimeoutMs = 30'000;
constexpr const char* kPackages = "packages";  // beside the keys, which begin with a slash
/// Works on every Python; one value a line. `site` must run, else a virtual environment does not
/// know itself.
constexpr std::string_view kProbe =
    "import sys\n"
    "venv = sys.prefix != getattr(sys, 'base_prefix', sys.prefix)\n"
    "impl = sys.implementation.name if hasattr(sys, 'implementation') else 'cpython'\n"
    "base = getattr(sys, '_base_executable', None) or ''\n"
    "if venv and not base or base == sys.executable and venv:\n"
    "    import os\n"
    "    base = os.path.realpath(sys.executable)\n"
    "print('\\n'.join(['runwright-probe', sys.executable, impl, '%d.%d.%d' % sys.version_info[:3],"
    " base if venv else sys.executable, sys.prefix]))\n";

/// A version manager's shims, and other wrappers, are scripts.
bool IsScript(const std::string& path) {
  auto file = os::PosixFileSystem().Open(path, os::OpenMode::kRead);
  if (!file) return false;
  char magic[2] = {};
  auto n = (*file)->ReadAt(0, magic);
  return n && *n == 2 && magic[0] == '#' && magic[1] == '!';
}

std::string StatText(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return "-";
  return std::to_string(info.st_ino) + ":" + std::to_string(info.st_size) + ":" +
         std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
}

Result<Interpreter> Probe(const std::string& path, const Variables& variables) {
  os::LaunchSpec spec;
  spec.argv = {path, "-E", "-c", std::string(kProbe)};
  spec.environment = ToEntries(ForTools(variables));
  spec.working_dir = "/";
  auto run = os::RunCommand(spec, kProbeTimeoutMs);
  if (!run)
    return Error(Code::kFailedPrecondition,
                 "\"" + path + "\" cannot be started: " + run.error().message());
  std::vector<std::string> lines = Split(run->out, '\n');
  auto start = std::find(lines.begin(), lines.end(), "runwright-probe");
  if (run->exit_code != 0 || lines.end() - start < 6)
    return Error(Code::kFailedPrecondition,
                 "\"" + path + "\" is no working Python (exit code " +
                     std::to_string(run->exit_code) +
                     "): " + std::string(Trim(Utf8Lossy(run->err).substr(0, 500))));
  return Interpreter{start[1], start[2], start[3], start[4], start[5]};
}

void AddFolder(const std::string& folder, std::vector<std::string>& out) {
  auto entries = os::PosixFileSystem().List(folder);
  if (!entries) return;
  for (const os::DirEntry& entry : *entries) {
    std::string_view rest = entry.name;
    if (!rest.starts_with("python")) continue;
    rest.remove_prefix(6);
    if (!rest.empty() && !ParseVersion(rest)) continue;  // python3-config, pythonw, …
    std::string path = os::JoinPath(folder, entry.name);
    if (IsProgram(path) && !IsScript(path)) out.push_back(std::move(path));
  }
}

/// Folders with one installation in each subfolder.
void AddVersions(const std::string& folder, std::vector<std::string>& out) {
  auto entries = os::PosixFileSystem().List(folder);
  if (!entries) return;
  for (const os::DirEntry& entry : *entries) {
    std::string path = folder + "/" + entry.name + "/bin/python3";
    if (!IsProgram(path)) path = folder + "/" + entry.name + "/bin/python";
    if (IsProgram(path)) out.push_back(std::move(path));
  }
}
}  // namespace

Interpreters::Interpreters(Variables variables, std::string default_python, std::string fetched)
    : variables_(std::move(variables)),
      default_python_(std::move(default_python)),
      fetched_(std::move(fetched)) {}

std::string Interpreters::NameOf(const std::string& asked) const {
  return asked.empty() || asked == "python" ? default_python_ : asked;
}

std::string Interpreters::Locate(const std::string& asked) const {
  std::string name = NameOf(asked);
  if (name.empty()) name = "python3";
  if (name.starts_with("~/")) name = Get(variables_, "HOME") + name.substr(1);
  if (name.find('/') != std::string::npos)
    return name.front() == '/' && IsProgram(name) ? name : std::string();
  std::vector<std::string> names = {name};
  if (name == "python") names.push_back("python3");
  for (const std::string& candidate : names)
    for (const std::string& folder : Split(Get(variables_, "PATH"), ':'))
      if (folder.starts_with('/') && IsProgram(os::JoinPath(folder, candidate)))
        return os::JoinPath(folder, candidate);
  return {};
}

std::string Interpreters::Key(const std::string& path) const {
  std::string key = path + "|" + StatText(path);
  // What a shim leads to is its manager's choice: pyenv keeps it beside the shims' folder, asdf in
  // the home.
  if (path.find("/shims/") != std::string::npos) {
    key += "|" + StatText(os::DirName(os::DirName(path)) + "/version") + "|" +
           StatText(Get(variables_, "HOME") + "/.tool-versions") + "|" +
           Get(variables_, "PYENV_VERSION");
  }
  return key;
}

Error Interpreters::NotFound(const std::string& asked) const {
  std::vector<std::string> present;
  for (const std::string& path : Candidates()) {
    if (present.size() == 8) break;
    present.push_back(path);
  }
  std::string name = NameOf(asked);
  bool path = name.find('/') != std::string::npos;
  std::string why = path ? (name.front() == '/' ? "is no program on the server's machine"
                                                : "is a relative path: give an absolute one")
                         : "is not on the server's PATH";
  return Error(Code::kNotFound,
               "interpreter_path \"" + name + "\" " + why +
                   ". Pythons that are there: " + (present.empty() ? "none" : Join(present, ", ")),
               "interpreter_path");
}

Result<std::optional<Interpreter>> Interpreters::Known(const std::string& asked) {
  std::string path = Locate(asked);
  if (path.empty()) return NotFound(asked);
  std::string key = Key(path);
  std::lock_guard lock(mutex_);
  auto found = known_.find(key);
  if (found == known_.end() || !IsProgram(found->second.path)) return std::optional<Interpreter>();
  return std::optional<Interpreter>(found->second);
}

Result<Interpreter> Interpreters::Find(const std::string& asked) {
  auto known = TRY(Known(asked));
  if (known) return *std::move(known);
  std::string path = Locate(asked);
  std::string key = Key(path);
  Interpreter found = TRY(Probe(path, variables_));
  std::lock_guard lock(mutex_);
  known_[key] = found;
  return found;
}

std::vector<std::string> Interpreters::Candidates() const {
  std::vector<std::string> out;
  for (const std::string& folder : Split(Get(variables_, "PATH"), ':'))
    if (folder.starts_with('/')) AddFolder(folder, out);
  for (const char* folder : {"/usr/bin", "/usr/local/bin"}) AddFolder(folder, out);
  std::string home = Get(variables_, "HOME");
  std::string pyenv = Get(variables_, "PYENV_ROOT");
  AddVersions((pyenv.empty() ? home + "/.pyenv" : pyenv) + "/versions", out);
  std::string uv = Get(variables_, "UV_PYTHON_INSTALL_DIR");
  std::string data = Get(variables_, "XDG_DATA_HOME");
  AddVersions(!uv.empty() ? uv : (data.empty() ? home + "/.local/share" : data) + "/uv/python",
              out);
  if (!fetched_.empty()) AddVersions(fetched_, out);
  std::set<std::string> seen;
  std::erase_if(out, [&](const std::string& path) { return !seen.insert(path).second; });
  return out;
}

std::vector<Interpreter> Interpreters::FindAll() {
  std::vector<std::string> candidates = Candidates();
  candidates.insert(candidates.begin(), Locate(""));
  std::vector<Interpreter> out;
  std::set<std::string> seen;
  std::set<std::string> programs;  // python3 and python3.11 of one folder are one program
  for (const std::string& path : candidates) {
    if (path.empty() || !programs.insert(os::DirName(path) + "|" + StatText(path)).second) continue;
    auto found = Find(path);
    if (!found) continue;
    // An environment is made from the installation behind a virtual environment.
    Interpreter base = *found;
    if (!base.base_path.empty()) base.path = base.base_path;
    if (seen.insert(base.version + base.prefix).second) out.push_back(std::move(base));
  }
  return out;
}

std::string Interpreters::Save() {
  json::Value out{json::Object{}};
  std::lock_guard lock(mutex_);
  for (const auto& [key, found] : known_) {
    json::Value entry;
    entry.Append(found.path).Append(found.implementation).Append(found.version);
    entry.Append(found.base_path).Append(found.prefix);
    out.Set(key, std::move(entry));
  }
  out.Set(kPackages, SavePackages());
  return json::Write(out);
}

void Interpreters::Load(const std::string& text) {
  auto parsed = json::Parse(text);
  if (!parsed || !parsed->is_object()) return;
  std::lock_guard lock(mutex_);
  LoadPackages((*parsed)[kPackages]);
  for (const auto& [key, entry] : parsed->as_object()) {
    if (!entry.is_array() || entry.as_array().size() != 5) continue;
    const json::Array& parts = entry.as_array();
    if (!std::all_of(parts.begin(), parts.end(), [](const auto& p) { return p.is_string(); }))
      continue;
    known_[key] = {parts[0].as_string(), parts[1].as_string(), parts[2].as_string(),
                   parts[3].as_string(), parts[4].as_string()};
  }
}

}  // namespace rw::env
