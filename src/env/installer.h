// What makes environments: finds interpreters, resolves requirements, builds. The real one drives
// uv; the fake in testing/ lets the server's core run without processes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/python_version.h"
#include "env/spec.h"

namespace rw::env {

struct ResolveRequest {
  EnvironmentSpec spec;
  Interpreter interpreter;
};

struct BuildRequest {
  EnvironmentSpec spec;  // its indexes and passwords; what is installed is the lock alone
  std::string lock;
  Interpreter interpreter;
  std::string build_id;
};

struct BuildFacts {
  uint64_t bytes = 0;
};

/// From the loop's thread, callbacks on the loop's thread. Dropping an installer ends all its work:
/// the callbacks then never come.
class Installer {
 public:
  /// Whole lines for people, without passwords.
  using Log = std::function<void(std::string_view)>;
  template <class T>
  using Done = std::function<void(Result<T>)>;
  virtual ~Installer() = default;

  /// A name on PATH or a path; "python" is the server's default. Without a process: nullopt when it
  /// has to be asked first (Find). kNotFound lists the Pythons that are there.
  virtual Result<std::optional<Interpreter>> Known(const std::string& asked) = 0;
  virtual void Find(const std::string& asked, Done<Interpreter> done) = 0;
  /// The Python for a version as asked for ("": the default).
  virtual void Choose(const std::string& version, Done<PythonChoice> done) = 0;

  /// Exact versions, one "name==version" a line, passwords masked. kInvalidArgument: the
  /// requirements cannot be met, with the resolver's own words; kUnavailable: no index answered.
  virtual void Resolve(ResolveRequest request, Log log, Done<std::string> done) = 0;
  /// Makes the build and publishes it at BuildFolder: whole or not at all. One call a build_id at a
  /// time.
  virtual void Build(BuildRequest request, Log log, Done<BuildFacts> done) = 0;
  /// There, and its interpreter works. Costs a few stats.
  virtual bool IsPublished(const std::string& build_id) = 0;
  /// Absolute; its programs are in bin/.
  virtual std::string BuildFolder(const std::string& build_id) const = 0;
  /// "linux-x86_64-glibc2.36"
  virtual std::string Platform() const = 0;

  /// What was learned about interpreters, kept by the caller over restarts.
  virtual std::string SaveState() = 0;
  virtual void LoadState(const std::string& text) = 0;
};

/// "name==version" of each line of a lock, sorted as there.
std::vector<std::string> PackagesOf(std::string_view lock);

}  // namespace rw::env
