#include "env/conda_pip.h"

#include "base/strings.h"
#include "env/lock_notes.h"
#include "env/pip_config.h"
#include "env/programs.h"
#include "env/requirement.h"
#include "env/secrets.h"
#include "env/uv_credentials.h"
#include "env/uv_words.h"
#include "os/file_system.h"
#include "os/namespaces.h"
#include "os/paths.h"

namespace rw::env {
namespace {

std::optional<std::string> ReadSmall(const std::string& path) {
  auto text = os::ReadFile(os::PosixFileSystem(), path, 1 << 20);
  if (!text) return std::nullopt;
  return *std::move(text);
}

}  // namespace

std::string WithoutPackages(std::string_view lock, const std::set<std::string>& names) {
  std::string out;
  bool dropped = false;
  for (const std::string& line : Split(lock, '\n')) {
    if (line.empty()) continue;
    // Hashes stand on lines of their own, below their package.
    if (line[0] != ' ') {
      size_t end = line.find_first_of("=<>!~@[ ;");
      dropped = names.contains(CanonicalName(line.substr(0, end)));
    }
    if (!dropped) out += line + "\n";
  }
  return out;
}

CondaPip::CondaPip(Loop& loop, const CondaOptions& options)
    : options_(options),
      runner_(loop, FindProgram(options.variables, options.program_folder, "uv"),
              options.retry_delay_ms) {}

Variables CondaPip::VariablesFor(const EnvironmentSpec& spec, const std::string& prefix,
                                 Secrets& secrets) const {
  PipSettings pip = ReadPipSettings(options_.variables, prefix, ReadSmall);
  Variables out = UvVariables(options_.variables, pip, spec, secrets);
  if (Get(out, "UV_CACHE_DIR").empty() && Get(out, "HOME").empty() &&
      Get(out, "XDG_CACHE_HOME").empty())
    out["UV_CACHE_DIR"] = options_.folder + "/cache";
  // As for every build (uv_installer.cc): nothing is shared with the cache that a run could change.
  if (!os::MountNamespacesWork()) out.emplace("UV_LINK_MODE", "copy");
  return out;
}

void CondaPip::MakeVenv(const Interpreter& python, const std::string& folder,
                        const Progress& progress, Done done) {
  UvCommand command;
  command.arguments = {"venv",  "--relocatable",         "--no-project", "--quiet",   "--color",
                       "never", "--no-python-downloads", "--python",     python.path, folder};
  Secrets secrets;
  command.variables = VariablesFor(EnvironmentSpec(), python.prefix, secrets);
  command.working_dir = options_.folder;
  progress.Log("Making a virtual environment with Python " + python.version + "\n");
  runner_.Run(std::move(command), progress.log,
              [done = std::move(done), path = python.path](const Result<UvOutcome>& outcome) {
                if (!outcome) return done(outcome.error());
                if (!outcome->ok)
                  return done(Error(Code::kFailedPrecondition,
                                    "no virtual environment could be made with " + path + ": " +
                                        CauseOf(outcome->words)));
                done(Ok());
              });
}

void CondaPip::Install(const EnvironmentSpec& spec, const std::vector<Credential>& credentials,
                       const std::string& lock, const std::string& folder,
                       const std::string& prefix, const Progress& progress, Done done) {
  Secrets secrets;
  UvCommand command;
  command.variables = VariablesFor(WithCredentials(spec, credentials), prefix, secrets);
  AddGitCredentials(spec, credentials, command.variables);
  std::vector<std::string> bounds = ReadLockNotes(lock).build_constraints;
  for (const auto& [name, text] : {std::pair("requirements.txt", secrets.Restore(lock)),
                                   std::pair("build-constraints.txt", Join(bounds, "\n") + "\n")}) {
    Status written =
        os::WriteFileAtomically(os::PosixFileSystem(), os::JoinPath(folder, name), text, 0600);
    if (!written) return done(written);
  }
  command.arguments = {"pip",
                       "install",
                       "--no-deps",
                       "--color",
                       "never",
                       "--break-system-packages",
                       "--no-python-downloads",
                       "--python",
                       prefix + "/bin/python",
                       "--requirements",
                       "requirements.txt"};
  if (!bounds.empty())
    command.arguments.insert(command.arguments.end(),
                             {"--build-constraints", "build-constraints.txt"});
  // uv has an option for pip's no-index, but reads no variable for it.
  if (!Get(command.variables, "UV_NO_INDEX").empty()) command.arguments.emplace_back("--no-index");
  command.working_dir = folder;
  command.step = progress.step;
  command.limit_ms = options_.longest_ms;
  runner_.Run(std::move(command), progress.log,
              [done = std::move(done), names = spec.names](const Result<UvOutcome>& outcome) {
                if (!outcome) return done(outcome.error());
                if (!outcome->ok) return done(UvError("install", outcome->words, names));
                done(Ok());
              });
}

}  // namespace rw::env
