#include "cas/snapshot_upload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>
#include <unordered_set>

#include "cas/pack.h"

namespace rw::cas {
namespace {

constexpr size_t kAsk = 20'000;
constexpr uint64_t kStreamOver = uint64_t{1} << 20;
constexpr int kRounds = 20;

struct Source {
  const SnapshotFolder* tree = nullptr;  // a tree, else a file or link:
  std::string path;                      // relative to the root
  uint64_t size = 0;
  bool is_link = false;
};

Error Changed(const std::string& path) {
  return Error(Code::kConflict, path +
                                    " changed after it was hashed. Make the snapshot again; leave "
                                    "out in .amlignore what is written to all the time.");
}

/// Exactly `size` bytes from the start of the file.
Result<std::string> ReadStart(const std::string& path, uint64_t size) {
  int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Changed(path);
  std::string out(size, '\0');
  size_t done = 0;
  while (done < size) {
    ssize_t n = read(fd, out.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  close(fd);
  if (done < size) return Changed(path);
  return out;
}

class Upload {
 public:
  Upload(const Snapshot& snapshot, UploadSink& sink,
         const std::function<void(const UploadProgress&)>& progress)
      : snapshot_(snapshot), sink_(sink), progress_(progress) {}

  Status Run() {
    std::vector<Digest> missing = TRY(sink_.Commit(snapshot_.id));
    for (int round = 0; round < kRounds && !missing.empty(); round++) {
      Index();
      TRY(Send(TRY(Lacking(missing))));
      missing = TRY(sink_.Commit(snapshot_.id));
    }
    if (missing.empty()) return Ok();
    return Error(Code::kInternal, "The server still lacks " + std::to_string(missing.size()) +
                                      " parts of snapshot " + snapshot_.id.Hex() +
                                      " after they were sent, " + missing[0].Hex() +
                                      " among them. Its blob folder may be damaged: see its log.");
  }

 private:
  void Index() {
    if (!sources_.empty()) return;
    for (const SnapshotFolder& folder : snapshot_.folders) {
      sources_[folder.tree].tree = &folder;
      std::string prefix = folder.path.empty() ? "" : folder.path + "/";
      for (const TreeEntry& entry : TreeOf(snapshot_, folder))
        if (entry.mode != EntryMode::kFolder)
          sources_.try_emplace(entry.digest, Source{nullptr, prefix + entry.name, entry.size,
                                                    entry.mode == EntryMode::kLink});
    }
  }

  Result<const Source*> Find(const Digest& digest) const {
    auto at = sources_.find(digest);
    if (at != sources_.end()) return &at->second;
    return Error(Code::kInternal, "The server asks for " + digest.Hex() +
                                      ", which is no part of snapshot " + snapshot_.id.Hex() + ".");
  }

  /// `missing`, and what the server lacks below the trees among it: asked level by level, so that a
  /// snapshot with one changed file asks for a few digests and not for all.
  Result<std::vector<Digest>> Lacking(const std::vector<Digest>& missing) {
    std::vector<Digest> found = missing;
    std::unordered_set<Digest> asked(missing.begin(), missing.end());
    std::vector<Digest> level = missing;
    while (!level.empty()) {
      std::vector<Digest> below;
      for (const Digest& digest : level) {
        const Source* source = TRY(Find(digest));
        if (source->tree == nullptr) continue;
        for (const TreeEntry& entry : TreeOf(snapshot_, *source->tree))
          if (asked.insert(entry.digest).second) below.push_back(entry.digest);
      }
      level = TRY(Ask(below));
      found.insert(found.end(), level.begin(), level.end());
    }
    return found;
  }

  Result<std::vector<Digest>> Ask(const std::vector<Digest>& digests) {
    std::vector<Digest> out;
    for (size_t at = 0; at < digests.size(); at += kAsk) {
      auto end = digests.begin() + static_cast<ptrdiff_t>(std::min(at + kAsk, digests.size()));
      auto part = TRY(sink_.FindMissing({digests.begin() + static_cast<ptrdiff_t>(at), end}));
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }

  Status Send(const std::vector<Digest>& digests) {
    state_.total_bytes = state_.sent_bytes;
    for (const Digest& digest : digests) state_.total_bytes += TRY(Find(digest))->size;
    for (const Digest& digest : digests) {
      const Source* source = TRY(Find(digest));
      if (source->tree == nullptr && source->size > kStreamOver) {
        TRY(Stream(digest, *source));
        continue;
      }
      TRY(AddToPack(digest, *source));
    }
    return Flush();
  }

  Status Stream(const Digest& digest, const Source& source) {
    std::string path = snapshot_.root + "/" + source.path;
    Status sent = sink_.PutFile(digest, path, source.size);
    if (!sent && sent.error().code() == Code::kInvalidArgument) return Changed(path);
    if (sent) Advance(source.size);
    return sent;
  }

  Status AddToPack(const Digest& digest, const Source& source) {
    std::string bytes = TRY(Read(digest, source));
    if (!pack_.empty() && (pack_.size() + bytes.size() > kPackBytes || pack_blobs_ >= kPackBlobs))
      TRY(Flush());
    AppendToPack(digest, bytes, &pack_);
    pack_blobs_++;
    pack_content_ += source.size;
    return Ok();
  }

  Status Flush() {
    if (pack_.empty()) return Ok();
    TRY(sink_.PutPack(std::move(pack_)));
    pack_.clear();
    Advance(std::exchange(pack_content_, 0));
    pack_blobs_ = 0;
    return Ok();
  }

  Result<std::string> Read(const Digest& digest, const Source& source) {
    if (source.tree != nullptr) return EncodeTree(TreeOf(snapshot_, *source.tree));
    std::string path = snapshot_.root + "/" + source.path;
    std::string bytes;
    if (source.is_link) {
      bytes.resize(4097);
      ssize_t n = readlink(path.c_str(), bytes.data(), bytes.size());
      if (n < 0) return Changed(path);
      bytes.resize(static_cast<size_t>(n));
    } else {
      bytes = TRY(ReadStart(path, source.size));
    }
    if (Digest::Of(bytes) != digest) return Changed(path);
    return bytes;
  }

  void Advance(uint64_t bytes) {
    state_.sent_bytes += bytes;
    if (progress_) progress_(state_);
  }

  const Snapshot& snapshot_;
  UploadSink& sink_;
  const std::function<void(const UploadProgress&)>& progress_;
  UploadProgress state_;
  std::unordered_map<Digest, Source> sources_;
  std::string pack_;
  size_t pack_blobs_ = 0;
  uint64_t pack_content_ = 0;
};

}  // namespace

Status UploadSnapshot(const Snapshot& snapshot, UploadSink& sink,
                      const std::function<void(const UploadProgress&)>& progress) {
  return Upload(snapshot, sink, progress).Run();
}

}  // namespace rw::cas
