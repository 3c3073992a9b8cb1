#include "env/lock_notes.h"

#include "base/strings.h"
#include "env/installer.h"

namespace rw::env {
namespace {
constexpr std::string_view kLead = "#: ";
constexpr std::string_view kSitePackages = "site-packages";
constexpr std::string_view kProvided = "provided ";
constexpr std::string_view kBuildConstraint = "build-constraint ";

void AddLines(std::string& out, std::string_view key, const std::vector<std::string>& values) {
  for (const std::string& value : values) out.append(kLead).append(key).append(value).append("\n");
}
}  // namespace

std::string LockNotes::Text() const {
  std::string out;
  if (site_packages) out.append(kLead).append(kSitePackages).append("\n");
  AddLines(out, kProvided, provided);
  AddLines(out, kBuildConstraint, build_constraints);
  return out;
}

LockNotes NotesOf(const Recipe& recipe) {
  return {recipe.site_packages, recipe.provided, recipe.build_constraints};
}

LockNotes ReadLockNotes(std::string_view lock) {
  LockNotes out;
  for (const std::string& line : Split(lock, '\n')) {
    if (!line.starts_with(kLead)) continue;
    std::string_view note = Trim(std::string_view(line).substr(kLead.size()));
    if (note == kSitePackages) out.site_packages = true;
    if (note.starts_with(kProvided)) out.provided.emplace_back(note.substr(kProvided.size()));
    if (note.starts_with(kBuildConstraint))
      out.build_constraints.emplace_back(note.substr(kBuildConstraint.size()));
  }
  return out;
}

std::vector<std::string> PackagesOf(std::string_view lock) {
  std::vector<std::string> out;
  for (const std::string& line : Split(lock, '\n')) {
    std::string_view text = Trim(line);
    if (text.empty() || text[0] == '#') continue;
    // "name=version=build URL" of a conda package, without its URL.
    size_t equals = text.find_first_of("=<>!~@[ ;");
    bool conda =
        equals != std::string_view::npos && text[equals] == '=' && text.substr(equals, 2) != "==";
    out.emplace_back(conda ? text.substr(0, text.find(' ')) : text);
  }
  return out;
}

}  // namespace rw::env
