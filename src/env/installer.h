// What makes environments: finds interpreters, resolves requirements, builds. The real ones drive
// programs; the fake in testing/ lets the server's core run without processes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/python_version.h"
#include "env/realise.h"
#include "env/spec.h"
#include "json/value.h"

namespace rw::env {

/// What opens a private index, channel or registry: `text` ("user:password" or a bare token) goes
/// with every URL below `url`. It never gets into a log, a lock, an argument or a build.
struct Credential {
  std::string url;
  std::string text;
};

struct ResolveRequest {
  EnvironmentSpec spec;
  Interpreter interpreter;
  std::vector<Credential> credentials;
};

struct Resolved {
  /// Exact versions, one "name==version" a line, passwords masked.
  std::string lock;
  /// What was put in place of what was asked for: "pillow==5.4.1 → pillow==9.5.0: …".
  std::vector<std::string> warnings;
  /// In place of the one that was chosen: what is resolved brings a Python of its own.
  std::optional<Interpreter> python;
  /// Beside those that the packages of the lock need.
  std::vector<std::string> shims;
};

struct BuildRequest {
  EnvironmentSpec spec;  // its indexes and passwords; what is installed is the lock alone
  std::string lock;
  Interpreter interpreter;
  std::string build_id;
  std::vector<Credential> credentials;
};

struct BuildFacts {
  uint64_t bytes = 0;
};

/// How a run uses a build that is there; image and protect go to its executor as they are
/// (docs/dev/formats/run-folder.md).
struct BuildUse {
  std::string interpreter;                // absolute; in an image: as it is called there
  std::vector<std::string> path_prepend;  // folders that go before PATH
  json::Value image;                      // null: a process of the node
  json::Value protect;                    // null: nothing that others share
};

/// What an installer tells while it is at work; each may be empty.
struct Progress {
  /// Whole lines for people, without passwords.
  std::function<void(std::string_view)> log;
  /// What it does at this moment, in a few words: "downloading tensorflow 203/475 MB".
  std::function<void(std::string_view)> step;
  /// What had been put in place of what was asked for when a resolution failed:
  /// "pillow==5.4.1 → pillow==9.5.0: …". Of one that succeeds Resolved::warnings says it.
  std::function<void(const std::string&)> substituted = nullptr;
  void Log(std::string_view lines) const {
    if (log) log(lines);
  }
  void Step(std::string_view words) const {
    if (step) step(words);
  }
  void Substituted(const std::string& words) const {
    if (substituted) substituted(words);
  }
};

/// Makes environments of some kind. From the loop's thread, callbacks on the loop's thread;
/// dropping it ends all its work: the callbacks then never come.
class EnvironmentMaker {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;
  virtual ~EnvironmentMaker() = default;

  /// The Python that the environment gets; one of an image is fetched first.
  virtual void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) = 0;
  /// Whether a Python chosen earlier is there unchanged; without a process.
  virtual bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) = 0;
  /// kInvalidArgument: the requirements cannot be met, with the resolver's own words;
  /// kUnavailable: no index answered.
  virtual void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) = 0;
  /// Makes the build and publishes it at BuildFolder: whole or not at all. One call a build_id at a
  /// time.
  virtual void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) = 0;
  /// There, made by this one, and its interpreter works. Costs a few stats.
  virtual bool IsPublished(const std::string& build_id) = 0;
  /// Of a published build.
  virtual BuildUse UseOf(const std::string& build_id) const = 0;
  /// A published build is about to be moved aside, to be removed: what lies elsewhere may go, too.
  virtual void Retiring(const std::string& build_id) = 0;
};

/// All that the server asks: of environments of every kind, and of the machine.
class Installer : public EnvironmentMaker {
 public:
  /// A name on PATH or a path; "python" is the server's default. Without a process: nullopt when it
  /// has to be asked first (Find). kNotFound lists the Pythons that are there.
  virtual Result<std::optional<Interpreter>> Known(const std::string& asked) = 0;
  /// KnownPackages then knows it too.
  virtual void Find(const std::string& asked, Done<Interpreter> done) = 0;
  /// "name==version" of what scripts of the interpreter at `path` can import. Without a process:
  /// nullopt when it has to be asked first (Find).
  virtual std::optional<std::vector<std::string>> KnownPackages(const std::string& path) {
    (void)path;
    return std::vector<std::string>();
  }
  /// What profiles need to know of this machine.
  virtual void Facts(FactsWanted wanted, Done<NodeFacts> done) = 0;
  /// "linux-x86_64-glibc2.36"
  virtual std::string Platform() const = 0;
  /// What was learned about interpreters, kept by the caller over restarts.
  virtual std::string SaveState() = 0;
  virtual void LoadState(const std::string& text) = 0;

  /// Absolute; what lies there says which maker made it.
  virtual std::string BuildFolder(const std::string& build_id) const = 0;
  /// A run uses it: it is not removed for a while.
  virtual void Used(const std::string& build_id) { (void)build_id; }
  /// Null where a run, be it of another server, uses the build, or somebody makes it. Else it stays
  /// so until what is returned goes: meanwhile it may be moved away.
  virtual std::shared_ptr<void> HoldUnused(const std::string& build_id) {
    (void)build_id;
    return std::make_shared<int>();
  }
};

/// Something has to be made before a run can use it; else it is an interpreter that is there.
bool NeedsBuild(const EnvironmentSpec& spec);

/// "name==version" of each line of a lock, sorted as there.
std::vector<std::string> PackagesOf(std::string_view lock);

}  // namespace rw::env
