#include "env/installed_packages.h"

#include "base/strings.h"
#include "env/requirement.h"
#include "os/process.h"

namespace rw::env {
namespace {
constexpr int64_t kTimeoutMs = 30'000;
/// Python 3.8 and later has importlib.metadata; before, setuptools' way is asked.
constexpr std::string_view kQuestion =
    "try:\n"
    "    from importlib.metadata import distributions\n"
    "    found = [(d.metadata['Name'], d.version) for d in distributions()]\n"
    "except ImportError:\n"
    "    import pkg_resources\n"
    "    found = [(d.project_name, d.version) for d in pkg_resources.working_set]\n"
    "for name, version in found:\n"
    "    print('runwright-package %s %s' % (name, version))\n";
}  // namespace

Result<std::map<std::string, std::string>> InstalledPackages(const std::string& interpreter,
                                                             const Variables& variables) {
  os::LaunchSpec spec;
  spec.argv = {interpreter, "-E", "-s", "-c", std::string(kQuestion)};
  spec.environment = ToEntries(ForTools(variables));
  spec.working_dir = "/";
  auto run = TRY(os::RunCommand(spec, kTimeoutMs));
  if (run.exit_code != 0)
    return Error(Code::kFailedPrecondition,
                 "\"" + interpreter + "\" does not tell what is installed in it: " +
                     std::string(Trim(Utf8Lossy(run.err).substr(0, 500))));
  std::map<std::string, std::string> out;
  for (const std::string& line : Split(run.out, '\n')) {
    std::vector<std::string> words = Split(line, ' ');
    if (words.size() != 3 || words[0] != "runwright-package") continue;
    out.emplace(CanonicalName(words[1]), words[2]);  // the first one on the path counts
  }
  return out;
}

}  // namespace rw::env
