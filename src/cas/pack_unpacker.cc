#include "cas/pack_unpacker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rw::cas {
namespace {

using Kind = PackedEntry::Kind;
/// A piece of small files is a unit of work, too: several are written at a time.
constexpr size_t kPieceFiles = 128;
constexpr int kNewFile = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;

bool IsFile(const PackedEntry& entry) {
  return entry.kind == Kind::kFile || entry.kind == Kind::kMovedFile;
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Status WriteAll(int fd, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "write");
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return Ok();
}

/// Times are part of a build: byte code counts for a source of one time only.
Status SetTime(int folder, const char* path, int64_t mtime_ns) {
  timespec time{mtime_ns / 1'000'000'000, mtime_ns % 1'000'000'000};
  const timespec both[2] = {time, time};
  int failed = path == nullptr ? futimens(folder, both) : utimensat(folder, path, both, 0);
  if (failed != 0) return ErrnoError(errno, "set the time");
  return Ok();
}

Error Damaged(const PackedEntry& entry) {
  return {Code::kCorrupt,
          "file " + entry.path + " arrived with other bytes than the pack's index says"};
}

Status Named(Status status, const PackedEntry& entry) {
  if (status || status.error().code() == Code::kCorrupt) return status;
  return std::move(status).error().WithContext(entry.path);
}

}  // namespace

Result<std::unique_ptr<PackUnpacker>> PackUnpacker::Begin(PackedTree tree, std::string folder,
                                                          UnpackOptions options) {
  // The longest first: one may lie within another.
  std::sort(options.moved.begin(), options.moved.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  std::unique_ptr<PackUnpacker> out(
      new PackUnpacker(std::move(tree), std::move(folder), std::move(options)));
  for (const PackedEntry& entry : out->tree_.entries)
    if (entry.kind == Kind::kMovedLink) TRY(out->TargetOf(entry));
  out->Plan();
  TRY(out->MakeFolders());
  return out;
}

PackUnpacker::~PackUnpacker() {
  if (root_ >= 0) close(root_);
}

Status PackUnpacker::MakeFolders() {
  if (mkdir(folder_.c_str(), 0755) != 0) return ErrnoError(errno, "mkdir " + folder_);
  root_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root_ < 0) return ErrnoError(errno, "open " + folder_);
  for (const PackedEntry& entry : tree_.entries)
    if (entry.kind == Kind::kFolder && mkdirat(root_, entry.path.c_str(), 0755) != 0)
      return ErrnoError(errno, "mkdir " + folder_ + "/" + entry.path);
  return Ok();
}

void PackUnpacker::Plan() {
  bool open = false;  // the last piece may take more
  for (size_t i = 0; i < tree_.entries.size(); i++) {
    const PackedEntry& entry = tree_.entries[i];
    if (!IsFile(entry)) continue;
    if (entry.size > kPieceBytes) {
      for (uint64_t at = 0; at < entry.size; at += kPieceBytes)
        pieces_.push_back({entry.offset + at, std::min(kPieceBytes, entry.size - at), i, 1});
      open = false;
      continue;
    }
    if (!open || pieces_.back().size + entry.size > kPieceBytes ||
        pieces_.back().count >= kPieceFiles)
      pieces_.push_back({entry.offset, 0, i, 0});
    open = true;
    pieces_.back().size += entry.size;
    pieces_.back().count++;
  }
}

Status PackUnpacker::Put(size_t index, std::string_view bytes) {
  const Piece& piece = pieces_[index];
  const PackedEntry& first = tree_.entries[piece.first];
  if (bytes.size() != piece.size)
    return Error(Code::kCorrupt, "file " + first.path + " arrived cut short, with " +
                                     std::to_string(bytes.size()) + " of " +
                                     std::to_string(piece.size) + " bytes");
  if (first.size > kPieceBytes) {
    TRY(Named(PutPart(first, piece.offset - first.offset, bytes), first));
  } else {
    size_t left = piece.count;
    for (size_t i = piece.first; left > 0; i++) {
      const PackedEntry& entry = tree_.entries[i];
      if (!IsFile(entry)) continue;
      TRY(Named(PutFile(entry, bytes.substr(entry.offset - piece.offset, entry.size)), entry));
      left--;
    }
  }
  put_++;
  return Ok();
}

Status PackUnpacker::PutFile(const PackedEntry& entry, std::string_view bytes) const {
  if (Digest::Of(bytes) != entry.digests[0]) return Damaged(entry);
  Fd file(openat(root_, entry.path.c_str(), kNewFile | O_EXCL, entry.mode));
  if (file.get() < 0) return ErrnoError(errno, "make");
  TRY(entry.kind == Kind::kMovedFile ? WriteAll(file.get(), 0, Moved(bytes))
                                     : WriteAll(file.get(), 0, bytes));
  return SetTime(file.get(), nullptr, entry.mtime_ns);
}

Status PackUnpacker::PutPart(const PackedEntry& entry, uint64_t at, std::string_view bytes) const {
  if (Digest::Of(bytes) != entry.digests[at / kPieceBytes]) return Damaged(entry);
  Fd file(openat(root_, entry.path.c_str(), kNewFile, 0600));
  if (file.get() < 0) return ErrnoError(errno, "make");
  return WriteAll(file.get(), at, bytes);
}

std::string PackUnpacker::Moved(std::string_view text) const {
  std::string out;
  while (!text.empty()) {
    size_t at = text.find('/');
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at);
    auto moved = std::find_if(options_.moved.begin(), options_.moved.end(),
                              [text](const auto& one) { return text.starts_with(one.first); });
    bool found = moved != options_.moved.end();
    out += found ? moved->second : "/";
    text.remove_prefix(found ? moved->first.size() : 1);
  }
  return out;
}

Result<std::string> PackUnpacker::TargetOf(const PackedEntry& link) const {
  for (const std::string& allowed : options_.outside)
    if (link.target == allowed) return link.target;
  for (const auto& [from, to] : options_.moved)
    if (link.target == from || link.target.starts_with(from + "/"))
      return to + link.target.substr(from.size());
  return Error(Code::kInvalidArgument, "link '" + link.path + "' of the pack leads to '" +
                                           link.target + "', where it has nothing to lead to");
}

Status PackUnpacker::Finish() {
  if (put_ != pieces_.size())
    return Error(Code::kCorrupt, folder_ + " got " + std::to_string(put_) + " of " +
                                     std::to_string(pieces_.size()) + " pieces");
  for (const PackedEntry& entry : tree_.entries) {
    const char* path = entry.path.c_str();
    bool link = entry.kind == Kind::kLink || entry.kind == Kind::kMovedLink;
    if (link) {
      std::string target = entry.kind == Kind::kLink ? entry.target : TRY(TargetOf(entry));
      if (symlinkat(target.c_str(), root_, path) != 0)
        return ErrnoError(errno, "link " + entry.path);
    } else if (entry.size > kPieceBytes) {
      TRY(Named(SetTime(root_, path, entry.mtime_ns), entry));
      if (fchmodat(root_, path, entry.mode, 0) != 0)
        return ErrnoError(errno, "chmod " + entry.path);
    }
  }
  // Last, and what lies deeper first: a folder that may not be written takes no more entries.
  for (auto entry = tree_.entries.rbegin(); entry != tree_.entries.rend(); ++entry)
    if (entry->kind == Kind::kFolder && entry->mode != 0755 &&
        fchmodat(root_, entry->path.c_str(), entry->mode, 0) != 0)
      return ErrnoError(errno, "chmod " + entry->path);
  return Ok();
}

}  // namespace rw::cas
