// Finds the Pythons of this machine: real interpreters, never a version manager's shim.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "env/python_version.h"
#include "env/variables.h"
#include "json/value.h"

namespace rw::env {

/// Starts each interpreter once, to ask for its version and its true path; answers are kept by
/// path, inode, mtime and size (for a shim also by its version manager's choice). Thread-safe; what
/// starts processes says so.
class Interpreters {
 public:
  /// `default_python`: what "python" and an absent version mean, a name or a path. `fetched`: a
  /// folder with further installations, which need not be there.
  Interpreters(Variables variables, std::string default_python, std::string fetched = {});

  /// `asked` is a name for PATH, or a path. Answers known already; no process is started. An error
  /// when no such file is there (kNotFound, with the Pythons that exist), nullopt when it must be
  /// asked first.
  Result<std::optional<Interpreter>> Known(const std::string& asked);
  /// The same, starting the interpreter where needed (20 to 100 ms). kFailedPrecondition, with its
  /// words, when it is no working Python.
  Result<Interpreter> Find(const std::string& asked);
  /// The default first, then all others: PATH, /usr/bin, /usr/local/bin, pyenv's and uv's own
  /// versions, each installation once. May start many processes the first time.
  std::vector<Interpreter> FindAll();

  /// "name==version" of what scripts of this interpreter can import; nullopt where that has to be
  /// asked (AskPackages), for the first time or because something was installed since. Costs a few
  /// stats.
  std::optional<std::vector<std::string>> KnownPackages(const std::string& path);
  /// One that does not tell has none, until it changes.
  void AskPackages(const std::string& path);

  /// What was learned, for the next start; Load ignores text that it cannot read.
  std::string Save();
  void Load(const std::string& text);

 private:
  struct Packages {
    std::vector<std::string> folders;
    std::string stats;  // of the folders, when they were looked at
    std::vector<std::string> packages;
  };
  json::Value SavePackages() const;
  void LoadPackages(const json::Value& saved);

  std::string Locate(const std::string& asked) const;
  std::string Key(const std::string& path) const;
  std::vector<std::string> Candidates() const;
  Error NotFound(const std::string& asked) const;
  std::string NameOf(const std::string& asked) const;

  const Variables variables_;
  const std::string default_python_;
  const std::string fetched_;
  std::mutex mutex_;
  std::map<std::string, Interpreter> known_;  // by Key
  std::map<std::string, Packages> packages_;  // by path
};

}  // namespace rw::env
