#include "env/uv_pythons.h"

#include <algorithm>

#include "base/strings.h"
#include "env/installed_packages.h"
#include "env/programs.h"
#include "env/uv_words.h"
#include "os/file_system.h"

namespace rw::env {
namespace {

int CountGpus() {
  auto entries = os::PosixFileSystem().List("/dev");
  if (!entries) return 0;
  return static_cast<int>(
      std::count_if(entries->begin(), entries->end(), [](const os::DirEntry& entry) {
        return entry.name.starts_with("nvidia") && ParseInt(entry.name.substr(6));
      }));
}

/// The installation behind the default: environments are made from that.
Result<Interpreter> DefaultPython(Interpreters& all) {
  Interpreter found = TRY(all.Find(""));
  if (!found.base_path.empty()) found.path = found.base_path;
  return found;
}

Result<PythonChoice> ChooseByVersion(Interpreters& all, const std::string& version) {
  if (version.empty()) {
    auto found = DefaultPython(all);
    auto choice = found ? ChoosePython("", {*found}) : Result<PythonChoice>(found.error());
    if (choice) return choice;
  }
  return ChoosePython(version, all.FindAll());
}

/// What cannot tell what it has provides nothing.
void AddPackages(Interpreters& all, const FactsWanted& wanted, const std::string& asked,
                 const Variables& variables, NodeFacts& out) {
  std::string path = asked;
  if (path.empty()) {
    auto choice = ChoosePython(wanted.python, out.pythons);
    if (!choice) return;
    path = choice->interpreter.path;
  }
  if (!IsProgram(path)) return;
  auto found = all.Find(path);
  auto packages = InstalledPackages(path, variables);
  if (!found || !packages) return;
  found->path = path;
  out.packages[asked] = {*found, *std::move(packages)};
}
}  // namespace

Result<PythonChoice> ChooseFor(Interpreters& all, const EnvironmentSpec& spec) {
  if (spec.recipe.base.empty()) return ChooseByVersion(all, spec.python);
  PythonChoice choice{TRY(all.Find(spec.recipe.base)), ""};
  const Interpreter& found = choice.interpreter;
  auto asked = ParseVersion(spec.python);
  auto version = ParseVersion(found.version);
  if (asked && version && !asked->Matches(*version))
    choice.warning = "Python " + spec.python + " → " + found.version + ": " + found.path +
                     " has the packages that were asked for";
  return choice;
}

Result<NodeFacts> FactsOf(Interpreters& all, const FactsWanted& wanted,
                          const Variables& variables) {
  NodeFacts out;
  out.gpus = CountGpus();
  if (wanted.all_pythons) {
    out.pythons = all.FindAll();
  } else if (auto found = DefaultPython(all)) {
    out.pythons = {*found};
  }
  for (const std::string& asked : wanted.packages_of)
    AddPackages(all, wanted, asked, variables, out);
  return out;
}

bool HasMinor(const std::string& asked, const Interpreter& have) {
  auto wanted = ParseVersion(asked);
  auto version = ParseVersion(have.version);
  if (!wanted || !version) return true;
  wanted->patch = -1;
  return wanted->Matches(*version);
}

UvCommand FetchCommand(const std::string& python, const Variables& server,
                       const std::string& folder) {
  UvCommand command;
  command.arguments = {"python", "install", "--color", "never", python};
  command.variables = ForTools(server);
  command.variables["UV_PYTHON_INSTALL_DIR"] = folder;
  command.variables["UV_PYTHON_INSTALL_BIN"] = "0";  // no link in the user's ~/.local/bin
  command.variables.emplace("UV_SYSTEM_CERTS", "1");
  // No try of ours after that: the nearest Python that is there takes its place.
  command.variables.emplace("UV_HTTP_RETRIES", "1");
  command.working_dir = "/";
  command.once = true;
  return command;
}

Result<PythonChoice> WithoutFetched(const EnvironmentSpec& spec, const std::string& words,
                                    PythonChoice without) {
  std::string why = "; it could not be fetched: " + CauseOf(words);
  if (spec.resolver == EnvironmentSpec::Resolver::kExact)
    return Error(Code::kInvalidArgument,
                 "Python " + spec.python + " is not installed" + why +
                     ". resolver exact takes no other; nearest would take " +
                     without.interpreter.version,
                 "environment.python");
  without.warning += why;
  return without;
}

}  // namespace rw::env
