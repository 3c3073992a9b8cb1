#include "env/build_manifest.h"

#include <algorithm>

#include "base/strings.h"
#include "os/paths.h"
#include "os/walk.h"

namespace rw::env {
namespace {
constexpr const char* kName = "runwright-files";
constexpr size_t kNamed = 3;

struct Listing {
  /// "size mtime_ns path", sorted. A change of links alone (another build shares the file) is none.
  std::vector<std::string> lines;
  uint64_t bytes = 0;
};

std::string Line(uint64_t size, int64_t mtime_ns, const std::string& path) {
  return std::to_string(size) + " " + std::to_string(mtime_ns) + " " + path;
}

bool IsByteCode(const std::string& path) {
  return path.ends_with(".pyc") || path.find("__pycache__/") != std::string::npos;
}

Status Write(os::FileSystem& fs, const std::string& build, const Listing& listing) {
  auto file = TRY(fs.Open(os::JoinPath(build, kName), os::OpenMode::kTruncate, 0444));
  return file->WriteAt(0, Join(listing.lines, "\n") + "\n");
}

/// Some file systems keep times less exactly than they were told.
bool KeepsTimes(os::FileSystem& fs, const std::string& build, const cas::PackedTree& tree) {
  for (const cas::PackedEntry& entry : tree.entries) {
    if (entry.kind != cas::PackedEntry::Kind::kFile) continue;
    auto info = fs.Stat(os::JoinPath(build, entry.path));
    return info && info->mtime_ns == entry.mtime_ns;
  }
  return false;
}

/// After an error it has what could be read.
Status List(os::FileSystem& fs, const std::string& build, Listing* out) {
  auto add = [out](const std::string& path, const os::FileInfo& info) -> Result<bool> {
    if (info.type == os::FileType::kDirectory) return os::BaseName(path) != "__pycache__";
    if (path == kName || path.ends_with(".pyc")) return false;
    out->bytes += info.size;
    out->lines.push_back(Line(info.size, info.mtime_ns, path));
    return false;
  };
  Status walked = os::Walk(fs, build, add);
  std::sort(out->lines.begin(), out->lines.end());
  return walked;
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
  Listing listing;
  TRY(List(fs, build, &listing));
  TRY(Write(fs, build, listing));
  return listing.bytes;
}

Result<uint64_t> WriteManifest(os::FileSystem& fs, const std::string& build,
                               const cas::PackedTree& tree) {
  if (!KeepsTimes(fs, build, tree)) return WriteManifest(fs, build);
  Listing listing;
  for (const cas::PackedEntry& entry : tree.entries) {
    if (entry.kind == cas::PackedEntry::Kind::kFolder || IsByteCode(entry.path)) continue;
    uint64_t size = entry.size;
    int64_t mtime_ns = entry.mtime_ns;
    if (entry.kind != cas::PackedEntry::Kind::kFile) {  // made here, with paths of this machine
      auto info = TRY(fs.Stat(os::JoinPath(build, entry.path)));
      size = info.size;
      mtime_ns = info.mtime_ns;
    }
    listing.bytes += size;
    listing.lines.push_back(Line(size, mtime_ns, entry.path));
  }
  std::sort(listing.lines.begin(), listing.lines.end());
  TRY(Write(fs, build, listing));
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
  Listing now;
  (void)List(fs, build, &now);  // what cannot be read any more is missing
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
