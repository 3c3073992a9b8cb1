#include "env/build_manifest.h"

#include <algorithm>

#include "base/strings.h"
#include "os/paths.h"

namespace rw::env {
namespace {
constexpr const char* kName = "runwright-files";
constexpr size_t kNamed = 3;

struct Listing {
  /// "size mtime_ns path", sorted. A change of links alone (another build shares the file) is none.
  std::vector<std::string> lines;
  uint64_t bytes = 0;
};

void AddFolder(os::FileSystem& fs, const std::string& folder, const std::string& prefix,
               Listing* out) {
  auto entries = fs.ListWithInfo(folder);
  if (!entries) return;
  for (const auto& [name, info] : *entries) {
    if (info.type == os::FileType::kDirectory) {
      if (name != "__pycache__")
        AddFolder(fs, os::JoinPath(folder, name), prefix + name + "/", out);
      continue;
    }
    if ((prefix.empty() && name == kName) || name.ends_with(".pyc")) continue;
    out->bytes += info.size;
    std::string& line = out->lines.emplace_back(std::to_string(info.size));
    line += ' ';
    line += std::to_string(info.mtime_ns);
    line += ' ';
    line += prefix;
    line += name;
  }
}

Listing List(os::FileSystem& fs, const std::string& build) {
  Listing out;
  AddFolder(fs, build, "", &out);
  std::sort(out.lines.begin(), out.lines.end());
  return out;
}

std::string PathOf(const std::string& line) {
  size_t first = line.find(' ');
  size_t second = first == std::string::npos ? first : line.find(' ', first + 1);
  return second == std::string::npos ? line : line.substr(second + 1);
}

std::string MarkOf(const std::string& build) {
  return os::JoinPath(os::DirName(build), ".changed-" + std::string(os::BaseName(build)));
}
}  // namespace

Result<uint64_t> WriteManifest(os::FileSystem& fs, const std::string& build) {
  Listing listing = List(fs, build);
  auto file = TRY(fs.Open(os::JoinPath(build, kName), os::OpenMode::kTruncate, 0444));
  TRY(file->WriteAt(0, Join(listing.lines, "\n") + "\n"));
  return listing.bytes;
}

uint64_t ManifestBytes(os::FileSystem& fs, const std::string& build) {
  auto text = os::ReadFile(fs, os::JoinPath(build, kName));
  uint64_t total = 0;
  if (text)
    for (const std::string& line : Split(*text, '\n'))
      total += static_cast<uint64_t>(
          ParseInt(std::string_view(line).substr(0, line.find(' '))).value_or(0));
  return total;
}

Result<std::vector<std::string>> ChangedFiles(os::FileSystem& fs, const std::string& build) {
  auto text = os::ReadFile(fs, os::JoinPath(build, kName));
  if (!text && text.error().code() == Code::kNotFound) return std::vector<std::string>();
  if (!text) return text.error();
  std::vector<std::string> noted = Split(Trim(*text), '\n');
  std::vector<std::string> lines;
  Listing now = List(fs, build);
  std::set_symmetric_difference(noted.begin(), noted.end(), now.lines.begin(), now.lines.end(),
                                std::back_inserter(lines));
  std::vector<std::string> out;
  for (const std::string& line : lines)
    if (!line.empty()) out.push_back(PathOf(line));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Status MarkChanged(os::FileSystem& fs, const std::string& build,
                   const std::vector<std::string>& files) {
  auto file = TRY(fs.Open(MarkOf(build), os::OpenMode::kTruncate, 0644));
  return file->WriteAt(0, Join(files, "\n") + "\n");
}

bool IsMarkedChanged(os::FileSystem& fs, const std::string& build) {
  return os::Exists(fs, MarkOf(build));
}

Status RemoveChangedMark(os::FileSystem& fs, const std::string& build) {
  Status removed = fs.Remove(MarkOf(build));
  if (!removed && removed.error().code() == Code::kNotFound) return Ok();
  return removed;
}

std::string FirstOf(const std::vector<std::string>& files) {
  std::vector<std::string> named(
      files.begin(), files.begin() + static_cast<std::ptrdiff_t>(std::min(files.size(), kNamed)));
  std::string out = Join(named, ", ");
  if (files.size() > kNamed) out += " and " + std::to_string(files.size() - kNamed) + " more";
  return out;
}

}  // namespace rw::env
