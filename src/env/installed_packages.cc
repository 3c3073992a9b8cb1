#include "env/installed_packages.h"

#include "base/strings.h"
#include "env/requirement.h"
#include "os/process.h"

namespace rw::env {
namespace {
constexpr int64_t kTimeoutMs = 30'000;
/// Python 3.8 and later has importlib.metadata; before, setuptools' way is asked.
constexpr std::string_view kQuestion =
    "import sys\n"
    "for folder in sys.path:\n"
    "    print('runwright-folder %s' % folder)\n"
    "import site\n"
    "if getattr(site, 'ENABLE_USER_SITE', False):\n"
    "    print('runwright-folder %s' % site.getusersitepackages())\n"
    "sys.stdout.flush()\n"
    "try:\n"
    "    from importlib.metadata import distributions\n"
    "    found = [(d.metadata['Name'], d.version) for d in distributions()]\n"
    "except ImportError:\n"
    "    import pkg_resources\n"
    "    found = [(d.project_name, d.version) for d in pkg_resources.working_set]\n"
    "for name, version in found:\n"
    "    print('runwright-package %s %s' % (name, version))\n";

Result<os::CommandResult> Ask(const std::string& interpreter, const Variables& variables,
                              std::vector<std::string> options) {
  os::LaunchSpec spec;
  spec.argv = {interpreter, "-E"};
  spec.argv.insert(spec.argv.end(), std::make_move_iterator(options.begin()),
                   std::make_move_iterator(options.end()));
  spec.argv.insert(spec.argv.end(), {"-c", std::string(kQuestion)});
  spec.environment = ToEntries(ForTools(variables));
  spec.working_dir = "/";
  return os::RunCommand(spec, kTimeoutMs);
}

std::map<std::string, std::string> VersionsIn(const std::string& out) {
  std::map<std::string, std::string> versions;
  for (const std::string& line : Split(out, '\n')) {
    std::vector<std::string> words = Split(line, ' ');
    if (words.size() != 3 || words[0] != "runwright-package") continue;
    versions.emplace(CanonicalName(words[1]), words[2]);  // the first one on the path counts
  }
  return versions;
}
}  // namespace

Result<std::map<std::string, std::string>> InstalledPackages(const std::string& interpreter,
                                                             const Variables& variables) {
  auto run = TRY(Ask(interpreter, variables, {"-s"}));
  if (run.exit_code != 0)
    return Error(Code::kFailedPrecondition,
                 "\"" + interpreter + "\" does not tell what is installed in it: " +
                     std::string(Trim(Utf8Lossy(run.err).substr(0, 500))));
  return VersionsIn(run.out);
}

Result<Importable> ImportablePackages(const std::string& interpreter, const Variables& variables) {
  auto run = TRY(Ask(interpreter, variables, {}));
  Importable out{VersionsIn(run.out), {}};
  constexpr std::string_view kFolder = "runwright-folder ";
  for (const std::string& line : Split(run.out, '\n'))
    if (line.starts_with(std::string(kFolder) + "/"))
      out.folders.push_back(line.substr(kFolder.size()));
  return out;
}

}  // namespace rw::env
