// Environments without processes, for the server's core and its tests: one Python, locks and builds
// as told.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/loop.h"
#include "env/installer.h"

namespace rw::env::testing {

class FakeInstaller : public Installer {
 public:
  explicit FakeInstaller(Loop& loop) : loop_(loop) {}

  /// Pythons that Known answers for at once; the first is the default.
  std::vector<Interpreter> pythons = {
      {"/fake/python3", "cpython", "3.11.7", "/fake/python3", "/fake"}};
  bool known_at_once = true;  // false: Known must be preceded by Find
  /// What scripts of the Pythons can import; nullopt until Find.
  std::optional<std::vector<std::string>> packages = std::vector<std::string>();
  std::vector<std::string> packages_found;  // what Find finds out
  /// Answers of Resolve and Build by requirement text ("six==9"): an error instead of success.
  std::map<std::string, Error> failures;
  /// Locks by requirements as they are joined by line feeds ("six"); else they are the lock.
  std::map<std::string, std::string> answers;
  /// Resolve and Build wait for Release.
  bool hold = false;
  /// Resolve says so of everything, also where it fails; UseOf gives `protect`.
  std::vector<std::string> substitutions;
  json::Value protect;
  bool without_python = false;  // builds are images that have none
  int resolves = 0;
  int builds = 0;
  std::set<std::string> published;
  std::string folder = "/fake/builds/";

  /// Lets everything held go on.
  void Release();

  Result<std::optional<Interpreter>> Known(const std::string& asked) override;
  void Find(const std::string& asked, Done<Interpreter> done) override;
  std::optional<std::vector<std::string>> KnownPackages(const std::string& path) override {
    (void)path;
    return packages;
  }
  void Facts(FactsWanted wanted, Done<NodeFacts> done) override {
    (void)wanted;
    done(NodeFacts{});
  }
  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override;
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override;
  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override;
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override;
  bool IsPublished(const std::string& build_id) override { return published.contains(build_id); }
  std::string BuildFolder(const std::string& build_id) const override { return folder + build_id; }
  BuildUse UseOf(const std::string& build_id) const override {
    if (without_python) return {};
    std::string bin = BuildFolder(build_id) + "/bin";
    return {bin + "/python", {bin}, {}, protect};
  }
  std::string Platform() const override { return "linux-fake-glibc2.36"; }
  void Retiring(const std::string& build_id) override { (void)build_id; }
  std::string SaveState() override { return "{}"; }
  void LoadState(const std::string& text) override { loaded = text; }
  std::string loaded;

 private:
  void Later(Task task);
  const Error* FailureOf(const std::vector<std::string>& requirements) const;

  Loop& loop_;
  bool found_ = false;
  std::vector<Task> held_;
};

}  // namespace rw::env::testing
