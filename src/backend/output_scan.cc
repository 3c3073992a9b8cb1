#include "backend/output_scan.h"

#include "base/hash.h"
#include "base/strings.h"
#include "os/paths.h"

namespace rw::backend {
namespace {
constexpr size_t kDeepest = 64;

class Walk {
 public:
  Walk(os::FileSystem& fs, const std::string& work) : fs_(fs), work_(work) {}

  void Folder(const std::string& name, size_t depth) {
    if (depth > kDeepest) return Warn(name, "folders are nested too deeply");
    auto entries = fs_.List(work_ + "/" + name);
    if (!entries) {
      if (entries.error().code() != Code::kNotFound) Warn(name, entries.error().message());
      return;
    }
    for (const os::DirEntry& entry : *entries) {
      std::string path = name + "/" + entry.name;
      auto clean = os::CleanRelativePath(path, "file name");
      if (!clean) {
        Warn(path, clean.error().message());
      } else if (entry.type == os::FileType::kDirectory) {
        Folder(path, depth + 1);
      } else {
        File(path);
      }
    }
  }

  OutputScan scan;

 private:
  void Warn(const std::string& name, const std::string& why) {
    scan.problems.push_back(name + " was not stored: " + why);
  }
  void File(const std::string& name) {
    auto file = OutputFileOf(fs_, work_, name);
    if (file) {
      scan.files[name] = file->stamp;
    } else if (file.error().code() == Code::kUnsupported) {
      Warn(name, file.error().message());
    }
  }

  os::FileSystem& fs_;
  const std::string& work_;
};

/// "/a/b/../c/./d" → "/a/c/d", by the text alone.
std::string Normalise(const std::string& path) {
  std::vector<std::string> parts;
  for (std::string& part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(std::move(part));
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return "/" + Join(parts, "/");
}

/// The path a link leads to. Links to links end here.
Result<std::string> TargetOf(os::FileSystem& fs, const std::string& work, const std::string& path) {
  std::string target = TRY(fs.ReadLink(path));
  if (!target.starts_with("/")) target = os::JoinPath(os::DirName(path), target);
  target = Normalise(target);
  if (!target.starts_with(work + "/"))
    return Error(Code::kUnsupported, "it is a link that leads out of the working folder");
  return target;
}

json::Value ToJson(const OutputRecord::Shipped& shipped) {
  const FileStamp& stamp = shipped.stamp;
  json::Value out = json::Object();
  out.Set("digest", shipped.digest).Set("size", stamp.size).Set("mtime_ns", stamp.mtime_ns);
  out.Set("ctime_ns", stamp.ctime_ns).Set("inode", stamp.inode);
  return out;
}

OutputRecord::Shipped FromJson(const json::Value& value) {
  FileStamp stamp;
  stamp.size = static_cast<uint64_t>(value.IntOr("size", 0));
  stamp.mtime_ns = value.IntOr("mtime_ns", 0);
  stamp.ctime_ns = value.IntOr("ctime_ns", 0);
  stamp.inode = static_cast<uint64_t>(value.IntOr("inode", 0));
  return {stamp, value.StringOr("digest")};
}
}  // namespace

Result<OutputFile> OutputFileOf(os::FileSystem& fs, const std::string& work,
                                const std::string& name) {
  OutputFile file{work + "/" + name, {}};
  os::FileInfo info = TRY(fs.Stat(file.path));
  if (info.type == os::FileType::kSymlink) {
    file.path = TRY(TargetOf(fs, work, file.path));
    info = TRY(fs.Stat(file.path));
    if (info.type != os::FileType::kRegular)
      return Error(Code::kNotFound, file.path + " is no file, though a link leads to it");
  }
  if (info.type != os::FileType::kRegular)
    return Error(Code::kUnsupported, "it is neither a file nor a folder");
  file.stamp = {info.size, info.mtime_ns, info.ctime_ns, info.inode};
  return file;
}

bool IsSameContent(const FileStamp& before, const FileStamp& now) {
  return before.size == now.size && before.mtime_ns == now.mtime_ns && before.inode == now.inode;
}

OutputScan ScanOutputs(os::FileSystem& fs, const std::string& work) {
  Walk walk(fs, work);
  walk.Folder("outputs", 0);
  walk.Folder("logs", 0);
  return std::move(walk.scan);
}

Result<std::string> HashFile(os::FileSystem& fs, const std::string& path) {
  auto file = TRY(fs.Open(path, os::OpenMode::kRead));
  std::string buffer(1 << 20, '\0');
  Sha256 hash;
  for (uint64_t at = 0;;) {
    size_t n = TRY(file->ReadAt(at, std::span<char>(buffer)));
    hash.Update(std::string_view(buffer.data(), n));
    at += n;
    if (n < buffer.size()) return hash.FinishHex();
  }
}

bool OutputRecord::HasStamp(const std::string& name, const FileStamp& stamp) const {
  auto at = shipped.find(name);
  return at != shipped.end() && at->second.stamp == stamp;
}

bool OutputRecord::IsStored(const std::string& name, const FileStamp& stamp,
                            const std::string& digest) const {
  auto sent = shipped.find(name);
  if (sent != shipped.end()) return sent->second.digest == digest;
  auto brought = baseline.find(name);
  return brought != baseline.end() && brought->second.digest == digest &&
         IsSameContent(brought->second.stamp, stamp);
}

OutputRecord OutputRecord::Load(os::FileSystem& fs, const std::string& path) {
  OutputRecord record;
  auto text = os::ReadFile(fs, path);
  if (!text) return record;
  auto value = json::Parse(*text);
  if (!value) return record;
  const json::Value& baseline = (*value)["baseline"];
  const json::Value& shipped = (*value)["shipped"];
  if (baseline.is_object())
    for (const auto& [name, one] : baseline.as_object())
      if (one.is_object()) record.baseline[name] = FromJson(one);
  if (shipped.is_object())
    for (const auto& [name, one] : shipped.as_object()) record.shipped[name] = FromJson(one);
  return record;
}

std::string OutputRecord::Text() const {
  json::Value names = json::Object();
  for (const auto& [name, one] : baseline) names.Set(name, ToJson(one));
  json::Value sent = json::Object();
  for (const auto& [name, one] : shipped) sent.Set(name, ToJson(one));
  json::Value all = json::Object();
  all.Set("baseline", std::move(names)).Set("shipped", std::move(sent));
  return json::Write(all);
}

}  // namespace rw::backend
