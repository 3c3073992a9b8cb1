#include "executor/protection.h"

#include <cstring>

#include "base/log.h"
#include "base/strings.h"
#include "env/build_manifest.h"

namespace rw::executor {
namespace {
constexpr const char* kSource = "environment";

/// state/protection: "HOW ERRNO FOLDER" a line.
struct Reached {
  std::string how;  // "overlay", "read-only", "none"; empty: the script was never started
  int error = 0;
};

Reached ReachedFor(os::FileSystem& fs, const RunFolder& folder, const std::string& build) {
  auto text = os::ReadFile(fs, folder.protection(), 64 << 10);
  Reached out;
  if (!text) return out;
  for (const std::string& line : Split(*text, '\n')) {
    size_t first = line.find(' ');
    size_t second = first == std::string::npos ? first : line.find(' ', first + 1);
    if (second == std::string::npos || line.substr(second + 1) != build) continue;
    out.how = line.substr(0, first);
    out.error = static_cast<int>(
        ParseInt(std::string_view(line).substr(first + 1, second - first - 1)).value_or(0));
  }
  return out;
}

Warning ReadOnly(int error) {
  return {kSource, std::string("The environment's packages were read-only for this run (the node "
                               "refuses an overlay: ") +
                       strerror(error) +
                       "): `pip install` and edits of installed modules in the script fail with "
                       "\"Read-only file system\". Add packages to the environment instead."};
}

Warning Changed(const std::string& build, const std::vector<std::string>& files) {
  return {kSource, "This run, or one beside it, changed the environment's build in " + build +
                       ", which runs share: " + env::FirstOf(files) +
                       ". The build is put out of use and made anew for the next run. Add packages "
                       "to the environment instead of installing them in the script."};
}
}  // namespace

std::string EncodeProtection(const Protection& protect) {
  if (protect.build.empty()) return {};
  std::string out = "build=" + protect.build + '\0';
  if (!protect.bytecode.empty()) out += "bytecode=" + protect.bytecode + '\0';
  for (const std::string& folder : protect.cache) {
    out += "read-only=";
    out += folder;
    out += '\0';
  }
  return out;
}

Warnings CheckProtection(os::FileSystem& fs, const RunFolder& folder, const Protection& protect) {
  if (protect.build.empty()) return {};
  Reached reached = ReachedFor(fs, folder, protect.build);
  if (reached.how == "read-only") return {ReadOnly(reached.error)};
  if (reached.how != "none") return {};
  auto changed = env::ChangedFiles(fs, protect.build);
  if (!changed) {
    LOG_WARN("protection.unchecked", {"build", protect.build},
             {"error", changed.error().message()});
    return {};
  }
  if (changed->empty()) return {};
  LOG_WARN("protection.changed", {"build", protect.build}, {"files", changed->size()});
  Status marked = env::MarkChanged(fs, protect.build, *changed);
  if (!marked) LOG_WARN("protection.unmarked", {"error", marked.error().message()});
  return {Changed(protect.build, *changed)};
}

}  // namespace rw::executor
