// conda_packages and channels of a spec, in one spelling.
#include <set>

#include "base/strings.h"
#include "env/python_version.h"
#include "env/secrets.h"
#include "env/spec_members.h"
#include "env/spec_text.h"

namespace rw::env {
namespace {
constexpr size_t kMostPackages = 5000;
constexpr size_t kMostChannels = 100;
constexpr size_t kMostBytes = 512;
/// What a match spec may hold after its name: versions, builds, `[version='>=1']`.
constexpr std::string_view kRestCharacters = "._-+*!<>=~|,()[]'\" :/^$";

struct CondaPackage {
  std::string channel;  // "conda-forge::" or empty
  std::string name;
  std::string rest;
};

/// Runs of spaces as one.
std::string OneSpace(std::string_view text) {
  std::string out;
  for (char c : text)
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  return out;
}

Result<CondaPackage> ReadPackage(const std::string& raw, const std::string& field) {
  Error bad = InvalidSpec(field + " \"" + MaskUserInfo(Utf8Lossy(raw.substr(0, kMostBytes))) +
                              "\" is no conda package: write numpy, numpy=1.21 or "
                              "conda-forge::numpy>=1.20,<2",
                          field);
  if (HasControl(raw)) return InvalidSpec(field + " holds a control character", field);
  if (raw.size() > kMostBytes) return InvalidSpec(field + " is longer than 512 bytes", field);
  std::string text = OneSpace(Trim(raw));
  CondaPackage out;
  size_t colons = text.find("::");
  if (colons != std::string::npos) {
    out.channel = text.substr(0, colons + 2);
    if (!IsPlainWord(text.substr(0, colons), "._-/", 255) ||
        out.channel.find("..") != std::string::npos)
      return bad;
    text.erase(0, colons + 2);
  }
  size_t end = text.find_first_of(" =<>!~[");
  out.name = Lower(text.substr(0, end));
  if (end != std::string::npos) out.rest = text.substr(end);
  bool name = IsPlainWord(out.name.starts_with('_') ? out.name.substr(1) : out.name, "._-", 128);
  if (!name || !IsPlainWord("0" + out.rest, kRestCharacters, kMostBytes + 1)) return bad;
  return out;
}

/// "=3.8", "==3.8.*", " 3.8" → "3.8"; nothing where it is no plain version.
std::string PlainVersion(std::string_view rest) {
  size_t start = rest.find_first_not_of(" =");
  if (start == std::string_view::npos) return {};
  std::string text(Trim(rest.substr(start)));
  if (text.ends_with(".*")) text.resize(text.size() - 2);
  return ParseVersion(text) ? text : std::string();
}

Status TakePython(const CondaPackage& package, const std::string& field, EnvironmentSpec& spec,
                  std::set<std::string>& kept) {
  std::string version = PlainVersion(package.rest);
  if (version.empty() && !package.rest.empty()) {
    kept.insert(package.channel + package.name + package.rest);
    return Ok();
  }
  if (version.empty() || spec.python == version) return Ok();
  if (!spec.python.empty())
    return InvalidSpec(field + " asks for Python " + version + ", but Python " + spec.python +
                           " is asked for already",
                       field);
  spec.python = version;
  return Ok();
}
}  // namespace

Status ReadConda(const json::Value& value, EnvironmentSpec& spec) {
  std::vector<std::string> lines = TRY(BoundedList(value, "conda_packages", kMostPackages));
  std::set<std::string> kept;
  for (size_t i = 0; i < lines.size(); i++) {
    std::string field = "conda_packages[" + std::to_string(i) + "]";
    if (Trim(lines[i]).empty() && !HasControl(lines[i])) continue;
    CondaPackage package = TRY(ReadPackage(lines[i], field));
    if (package.name == "python") {
      TRY(TakePython(package, field, spec, kept));
    } else if (package.name != "pip") {
      kept.insert(package.channel + package.name + package.rest);
    }
  }
  spec.conda_packages.assign(kept.begin(), kept.end());
  for (const std::string& raw : TRY(BoundedList(value, "channels", kMostChannels))) {
    std::string field = "channels[" + std::to_string(spec.channels.size()) + "]";
    std::string text(Trim(raw));
    if (text.empty()) continue;
    if (HasControl(text)) return InvalidSpec(field + " holds a control character", field);
    bool plain = IsPlainWord(text, "._-/", 255) && text.find("..") == std::string::npos;
    if (!plain) TRY(CheckLocation(text, field, true));
    spec.channels.push_back(std::move(text));
  }
  return Ok();
}

}  // namespace rw::env
