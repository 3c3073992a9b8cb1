#include "cas/file_hasher.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/hash.h"
#include "base/strings.h"

namespace rw::cas {
namespace {

constexpr int kTries = 5;
constexpr size_t kBufferBytes = 1 << 18;

int64_t Nanos(const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

bool SameTimes(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && Nanos(a.st_mtim) == Nanos(b.st_mtim) &&
         Nanos(a.st_ctim) == Nanos(b.st_ctim);
}

struct Hashed {
  Digest digest;
  struct stat st;
  uint64_t size = 0;
  bool settled = false;
};

/// nullopt: it changed.
using HashResult = Result<std::optional<Hashed>>;

HashResult Failed(const std::string& path, int err) {
  if (err == ENOENT || err == ELOOP || err == EINVAL) return std::optional<Hashed>();
  return std::move(ErrnoError(err, "read " + path + " for the snapshot"))
      .WithContext("make it readable, or leave it out in .amlignore (or .gitignore)");
}

HashResult HashLink(const std::string& path) {
  Hashed out;
  std::string target(4097, '\0');
  if (lstat(path.c_str(), &out.st) != 0) return Failed(path, errno);
  ssize_t n = readlink(path.c_str(), target.data(), target.size());
  if (n < 0) return Failed(path, errno);
  target.resize(static_cast<size_t>(n));
  out.digest = Digest::Of(target);
  out.size = target.size();
  out.settled = true;
  return std::optional(out);
}

/// Of the first `size` bytes; nullopt when there are fewer. An errno in `err`.
std::optional<Digest> HashBytes(int fd, uint64_t size, std::vector<char>& buffer, int* err) {
  Sha256 hash;
  uint64_t offset = 0;
  while (offset < size) {
    size_t wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size - offset));
    ssize_t n = pread(fd, buffer.data(), wanted, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) *err = errno;
    if (n <= 0) return std::nullopt;
    hash.Update({buffer.data(), static_cast<size_t>(n)});
    offset += static_cast<uint64_t>(n);
  }
  auto digest = Digest::Parse(hash.FinishHex());
  return *digest;
}

HashResult HashOpenFile(int fd, const std::string& path, std::vector<char>& buffer) {
  for (int i = 0; i < kTries; i++) {
    Hashed out;
    struct stat after;
    int err = 0;
    if (fstat(fd, &out.st) != 0) return Failed(path, errno);
    if (!S_ISREG(out.st.st_mode)) break;
    out.size = static_cast<uint64_t>(out.st.st_size);
    auto digest = HashBytes(fd, out.size, buffer, &err);
    if (err != 0) return Failed(path, err);
    if (fstat(fd, &after) != 0) return Failed(path, errno);
    if (!digest) continue;
    out.digest = *digest;
    out.settled = SameTimes(out.st, after);
    // Something appends to it (a log): what was there at the first look is the file.
    if (out.settled || after.st_size > out.st.st_size) return std::optional(out);
  }
  return std::optional<Hashed>();
}

HashResult HashFile(const std::string& path, std::vector<char>& buffer) {
  // O_NONBLOCK: it may have become a FIFO since it was looked at.
  int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Failed(path, errno);
  HashResult result = HashOpenFile(fd, path, buffer);
  close(fd);
  return result;
}

class Pool {
 public:
  Pool(const std::string& root, const HashOptions& options, FolderWalk* walk)
      : root_(root), options_(options), walk_(walk) {
    for (const PendingFile& file : walk->pending)
      total_ += static_cast<uint64_t>(walk->folders[file.folder].stats[file.index].size);
  }

  Result<HashOutcome> Run(std::string* changed) {
    unsigned threads =
        std::max<unsigned>(1, std::min<size_t>(options_.threads, walk_->pending.size() / 16));
    running_ = threads;
    std::vector<std::jthread> workers;
    for (unsigned i = 1; i < threads; i++) workers.emplace_back([this] { Work(); });
    if (options_.progress) {
      workers.emplace_back([this] { Work(); });
      ReportUntilDone();
    } else {
      Work();
    }
    workers.clear();
    if (error_) return *std::move(error_);
    *changed = changed_;
    return changed_.empty() ? HashOutcome::kDone : HashOutcome::kChanged;
  }

 private:
  void Work() {
    std::vector<char> buffer(kBufferBytes);
    while (!stop_) {
      size_t i = next_++;
      if (i >= walk_->pending.size()) break;
      One(walk_->pending[i], buffer);
    }
    std::lock_guard lock(mutex_);
    running_--;
    done_.notify_all();
  }

  /// Threads write to different elements of vectors whose sizes do not change.
  void One(const PendingFile& file, std::vector<char>& buffer) {
    SnapshotFolder& folder = walk_->folders[file.folder];
    FileStat& stat = folder.stats[file.index];
    std::string path = root_ + "/" + file.path;
    HashResult hashed = S_ISLNK(stat.mode) ? HashLink(path) : HashFile(path, buffer);
    if (!hashed || !*hashed) {
      Stop(file, std::move(hashed));
      return;
    }
    const Hashed& now = **hashed;
    bool settled = now.settled && Nanos(now.st.st_mtim) < options_.settled_before_ns &&
                   Nanos(now.st.st_ctim) < options_.settled_before_ns;
    hashed_files_++;
    hashed_bytes_ += now.size;
    folder.digests[file.index] = now.digest;
    stat = {static_cast<int64_t>(now.size), settled ? Nanos(now.st.st_mtim) : kNeverUnchanged,
            Nanos(now.st.st_ctim), now.st.st_ino, now.st.st_mode};
  }

  void Stop(const PendingFile& file, HashResult result) {
    std::lock_guard lock(mutex_);
    stop_ = true;
    if (result) {
      if (changed_.empty()) changed_ = file.path;
    } else if (!error_) {
      error_ = std::move(result).error();
    }
  }

  void ReportUntilDone() {
    std::unique_lock lock(mutex_);
    while (
        !done_.wait_for(lock, std::chrono::milliseconds(100), [this] { return running_ == 0; })) {
      lock.unlock();
      options_.progress({hashed_files_, hashed_bytes_, total_});
      lock.lock();
    }
    lock.unlock();
    options_.progress({hashed_files_, hashed_bytes_, total_});
  }

  const std::string& root_;
  const HashOptions& options_;
  FolderWalk* walk_;
  uint64_t total_ = 0;
  std::atomic<size_t> next_ = 0;
  std::atomic<uint64_t> hashed_files_ = 0;
  std::atomic<uint64_t> hashed_bytes_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable done_;
  unsigned running_ = 0;
  std::optional<Error> error_;
  std::string changed_;
};

}  // namespace

Result<HashOutcome> HashPending(const std::string& root, const HashOptions& options,
                                FolderWalk* walk, std::string* changed) {
  if (walk->pending.empty()) return HashOutcome::kDone;
  return Pool(root, options, walk).Run(changed);
}

}  // namespace rw::cas
