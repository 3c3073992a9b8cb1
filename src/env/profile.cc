#include "env/profile.h"

#include <algorithm>

#include "base/strings.h"
#include "env/profile_read.h"
#include "os/paths.h"

namespace rw::env {
namespace {
using ReadFunction = Status (*)(const json::Value& file, Profiles& out);
constexpr size_t kMostBytes = 4 << 20;

/// A file that is not there adds nothing.
Status ReadFile(os::FileSystem& fs, const std::string& path, ReadFunction read, Profiles& out) {
  if (!os::Exists(fs, path)) return Ok();
  auto text = os::ReadFile(fs, path, kMostBytes);
  if (!text) return text.error();
  auto file = json::Parse(*text);
  if (!file) return Error(Code::kInvalidArgument, path + " is no JSON: " + file.error().message());
  Status status = read(*file, out);
  if (status) return Ok();
  return Error(Code::kInvalidArgument, path + ": " + status.error().message(),
               status.error().field());
}

Status ReadFrameworks(os::FileSystem& fs, const std::string& folder, Profiles& out) {
  if (!os::Exists(fs, folder)) return Ok();
  auto entries = TRY(fs.List(folder));
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const os::DirEntry& entry : entries)
    if (entry.name.ends_with(".json"))
      TRY(ReadFile(fs, os::JoinPath(folder, entry.name), ReadFrameworkProfile, out));
  return Ok();
}

Status ReadFolder(os::FileSystem& fs, const std::string& folder, Profiles& out) {
  if (folder.empty()) return Ok();
  TRY(ReadFile(fs, folder + "/packages.json", ReadPackageRules, out));
  TRY(ReadFrameworks(fs, folder + "/frameworks", out));
  TRY(ReadFile(fs, folder + "/image-map.json", ReadImageMap, out));
  TRY(ReadFile(fs, folder + "/shims.json", ReadShimRules, out));
  return ReadFile(fs, folder + "/curated.json", ReadCurated, out);
}

template <class T>
void Append(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

char LowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
}  // namespace

Result<Profiles> LoadProfiles(os::FileSystem& fs, const std::string& own,
                              const std::string& users) {
  Profiles out;
  TRY(ReadFolder(fs, users, out));
  Profiles ours;
  TRY(ReadFolder(fs, own, ours));
  out.frameworks.insert(ours.frameworks.begin(), ours.frameworks.end());
  Append(out.packages, ours.packages);
  Append(out.images, ours.images);
  Append(out.shims, ours.shims);
  for (const CuratedEnvironment& one : ours.curated) {
    bool taken = std::any_of(out.curated.begin(), out.curated.end(),
                             [&](const auto& other) { return other.name == one.name; });
    if (!taken) out.curated.push_back(one);
  }
  std::sort(out.curated.begin(), out.curated.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  // The last '*' seen, and where its match may grow from: no recursion on hostile patterns.
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && LowerOf(pattern[p]) == LowerOf(text[t])) {
      p++;
      t++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

}  // namespace rw::env
