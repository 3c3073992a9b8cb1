#include "cli/upload.h"

#include <unistd.h>

#include <array>

#include "base/hash.h"
#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {
class ApiSink final : public cas::UploadSink {
 public:
  explicit ApiSink(client::Api& api) : api_(api) {}
  Result<std::vector<cas::Digest>> FindMissing(const std::vector<cas::Digest>& digests) override {
    std::vector<std::string> hex;
    hex.reserve(digests.size());
    for (const cas::Digest& digest : digests) hex.push_back(digest.Hex());
    return Parse(TRY(api_.MissingBlobs(hex)));
  }
  Status PutPack(std::string pack) override { return api_.PutPack(std::move(pack)); }
  Status PutFile(const cas::Digest& digest, const std::string& path, uint64_t size) override {
    return api_.PutBlob(digest.Hex(), path, size);
  }
  Result<std::vector<cas::Digest>> Commit(const cas::Digest& id) override {
    return Parse(TRY(api_.CommitSnapshot(id.Hex())));
  }

 private:
  static Result<std::vector<cas::Digest>> Parse(const std::vector<std::string>& hex) {
    std::vector<cas::Digest> out;
    out.reserve(hex.size());
    for (const std::string& one : hex) out.push_back(TRY(cas::Digest::Parse(one)));
    return out;
  }
  client::Api& api_;
};

/// One line that is written over again; nothing where standard error is no terminal.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() { Clear(); }
  void Clear() {
    if (shown_) PrintError("\r\x1b[K");
    shown_ = false;
  }
  void Show(const std::string& text) {
    if (!wanted_) return;
    shown_ = true;
    PrintError("\r\x1b[K" + text);
  }

 private:
  bool wanted_;
  bool shown_ = false;
};

Result<cas::Digest> DigestOfFile(const std::string& path, uint64_t& size) {
  auto file = TRY(os::PosixFileSystem().Open(path, os::OpenMode::kRead));
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  size = 0;
  while (true) {
    size_t n = TRY(file->ReadAt(size, buffer));
    hash.Update({buffer.data(), n});
    size += n;
    if (n < buffer.size()) break;
  }
  return cas::Digest::Parse(hash.FinishHex());
}

/// Regular files at and below `path`; links are followed only where they are named themselves.
Status FilesBelow(const std::string& path, const std::string& name,
                  std::vector<std::pair<std::string, std::string>>& out) {
  os::FileSystem& fs = os::PosixFileSystem();
  os::FileInfo info = TRY(fs.Stat(path));
  if (info.type == os::FileType::kRegular) out.emplace_back(name, path);
  if (info.type != os::FileType::kDirectory) return Ok();
  for (const os::DirEntry& entry : TRY(fs.List(path)))
    TRY(FilesBelow(os::JoinPath(path, entry.name), name + "/" + entry.name, out));
  return Ok();
}
}  // namespace

Result<cas::Snapshot> BuildSnapshotOf(Context& context, const std::string& folder,
                                      bool allow_large) {
  ProgressLine line(!context.json());
  cas::BuildOptions options;
  options.cache_folder = cas::DefaultStatCacheFolder();
  if (allow_large) options.max_bytes = ~uint64_t{0};
  options.progress = [&](const cas::BuildProgress& p) {
    line.Show("Reading " + folder + ": " + HumanBytes(p.hashed_bytes) + " of " +
              HumanBytes(p.total_bytes));
  };
  options.warn = [&](const std::string& text) {
    line.Clear();
    PrintError(context.terminal().Paint("warning: " + text, Color::kYellow) + "\n");
  };
  return cas::BuildSnapshot(folder, options);
}

Status Upload(Context& context, client::Api& api, const cas::Snapshot& snapshot) {
  ProgressLine line(!context.json());
  ApiSink sink(api);
  return cas::UploadSnapshot(snapshot, sink, [&](const cas::UploadProgress& p) {
    line.Show("Sending " + HumanBytes(p.sent_bytes) + " of " + HumanBytes(p.total_bytes));
  });
}

Result<json::Value> UploadFiles(Context& context, client::Api& api, const std::string& path) {
  ProgressLine line(!context.json());
  std::vector<std::pair<std::string, std::string>> files;
  TRY(FilesBelow(path, os::BaseName(path), files));
  if (files.empty()) return Error(Code::kInvalidArgument, path + " holds no file", "path");
  json::Array out;
  for (const auto& [name, from] : files) {
    line.Show("Sending " + name);
    uint64_t size = 0;
    std::string digest = TRY(DigestOfFile(from, size)).Hex();
    if (!TRY(api.MissingBlobs({digest})).empty()) TRY(api.PutBlob(digest, from, size));
    out.push_back(json::Value().Set("path", name).Set("digest", digest).Set("size", size));
  }
  return json::Value(std::move(out));
}

}  // namespace rw::cli
