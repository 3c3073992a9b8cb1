#include "cas/folder_blob_store.h"

#include <algorithm>

#include "base/hash.h"
#include "base/mutant.h"
#include "os/paths.h"

namespace rw::cas {
namespace {

/// From so many files or folders on, one sync of the file system costs less than one for each.
constexpr size_t kSyncAllFrom = 5;
constexpr size_t kReadBytes = 1 << 18;

uint8_t Prefix(const Digest& digest) { return static_cast<uint8_t>(digest.raw()[0]); }

class FileReader final : public BlobReader {
 public:
  FileReader(std::unique_ptr<os::File> file, uint64_t size) : file_(std::move(file)), size_(size) {}
  uint64_t size() const override { return size_; }
  Result<size_t> Read(std::span<char> out) override {
    size_t n = TRY(file_->ReadAt(offset_, out));
    offset_ += n;
    return n;
  }

 private:
  std::unique_ptr<os::File> file_;
  uint64_t size_;
  uint64_t offset_ = 0;
};

Result<Digest> HashFile(os::File& file) {
  Sha256 hash;
  std::string buffer(kReadBytes, '\0');
  uint64_t offset = 0;
  while (size_t n = TRY(file.ReadAt(offset, buffer))) {
    hash.Update({buffer.data(), n});
    offset += n;
  }
  return Digest::Parse(hash.FinishHex());
}

Error WrongBytes(const Digest& digest, const Digest& actual) {
  return Error(Code::kInvalidArgument, "The bytes sent as blob " + digest.Hex() + " hash to " +
                                           actual.Hex() +
                                           ": the file changed while it was sent, or the transfer "
                                           "was damaged. Send it again.");
}

}  // namespace

FolderBlobStore::FolderBlobStore(os::FileSystem& fs, std::string root)
    : fs_(fs), root_(std::move(root)) {}

Status FolderBlobStore::RemoveLeftovers() { return fs_.RemoveTree(root_ + "/tmp"); }

std::string FolderBlobStore::Folder(uint8_t prefix) const {
  constexpr char kDigits[] = "0123456789abcdef";
  return root_ + "/" + kDigits[prefix >> 4] + kDigits[prefix & 15];
}

std::string FolderBlobStore::Path(const Digest& digest) const {
  return Folder(Prefix(digest)) + "/" + digest.Hex();
}

void FolderBlobStore::BeginSweep() {
  std::lock_guard lock(sweep_mutex_);
  used_.clear();
  sweeping_ = true;
}

void FolderBlobStore::EndSweep() {
  std::lock_guard lock(sweep_mutex_);
  sweeping_ = false;
  used_.clear();
}

/// Before the store is asked: a blob is then either noted and kept, or found missing.
void FolderBlobStore::NoteUse(const Digest& digest) {
  if (!sweeping_) return;
  std::lock_guard lock(sweep_mutex_);
  if (sweeping_) used_.insert(digest);
}

Result<bool> FolderBlobStore::RemoveUnused(const Digest& digest) {
  std::lock_guard lock(sweep_mutex_);
  if (used_.contains(digest)) return false;
  TRY(Remove(digest));
  return true;
}

Status FolderBlobStore::ForEach(
    const std::function<Status(const Digest&, const os::FileInfo&)>& visit) {
  for (int prefix = 0; prefix < 256; prefix++) {
    std::string folder = Folder(static_cast<uint8_t>(prefix));
    auto entries = fs_.List(folder);
    if (!entries && entries.error().code() == Code::kNotFound) continue;
    for (const os::DirEntry& entry : TRY(std::move(entries))) {
      auto digest = Digest::Parse(entry.name);
      auto info = digest ? fs_.Stat(Path(*digest)) : Result<os::FileInfo>(digest.error());
      if (info) TRY(visit(*digest, *info));
    }
  }
  return Ok();
}

Result<std::unique_ptr<BlobReader>> FolderBlobStore::Open(const Digest& digest) {
  NoteUse(digest);
  auto file = fs_.Open(Path(digest), os::OpenMode::kRead);
  if (!file && file.error().code() == Code::kNotFound)
    return Error(Code::kNotFound, "Blob " + digest.Hex() + " is not in the store.");
  if (!file) return std::move(file).error();
  uint64_t size = TRY((*file)->Size());
  return VerifyingReader(std::make_unique<FileReader>(*std::move(file), size), digest);
}

Result<uint64_t> FolderBlobStore::Size(const Digest& digest) {
  NoteUse(digest);
  auto info = fs_.Stat(Path(digest));
  if (!info && info.error().code() == Code::kNotFound)
    return Error(Code::kNotFound, "Blob " + digest.Hex() + " is not in the store.");
  if (!info) return std::move(info).error();
  return info->size;
}

Result<bool> FolderBlobStore::IsStored(const Digest& digest) {
  {
    std::lock_guard lock(mutex_);
    if (in_doubt_.contains(digest)) return false;
  }
  auto size = Size(digest);
  if (!size && size.error().code() == Code::kNotFound) return false;
  if (!size) return std::move(size).error();
  std::bitset<256> prefix;
  prefix.set(Prefix(digest));
  TRY(MakeReady(prefix));
  return true;
}

/// One that is put again is as fresh as a new one (its change time is): who put it is about to name
/// it.
Status FolderBlobStore::Refresh(const Digest& digest) { return fs_.SetMode(Path(digest), 0600); }

/// Whether a repeat of a put may do nothing: damaged bytes are written anew.
Result<bool> FolderBlobStore::HasGood(const BlobView& blob) {
  if (!TRY(IsStored(blob.digest))) return false;
  if (TRY(Size(blob.digest)) != blob.bytes.size()) return false;
  if (!VerifyBlob(*this, blob.digest)) return false;
  TRY(Refresh(blob.digest));
  return true;
}

Result<std::vector<Digest>> FolderBlobStore::FindMissing(std::span<const Digest> digests) {
  std::vector<Digest> missing;
  std::unordered_set<Digest> seen;
  for (const Digest& digest : digests)
    if (seen.insert(digest).second && !TRY(IsStored(digest))) missing.push_back(digest);
  return missing;
}

Status FolderBlobStore::Remove(const Digest& digest) {
  Status removed = fs_.Remove(Path(digest));
  if (!removed && removed.error().code() == Code::kNotFound) return Ok();
  return removed;
}

Status FolderBlobStore::Put(const Digest& digest, std::string_view bytes) {
  BlobView blob{digest, bytes};
  return PutMany({&blob, 1});
}

Status FolderBlobStore::PutMany(std::span<const BlobView> blobs) {
  std::vector<BlobView> absent;
  std::unordered_set<Digest> seen;
  for (const BlobView& blob : blobs) {
    Digest actual = Digest::Of(blob.bytes);
    if (actual != blob.digest) return WrongBytes(blob.digest, actual);
  }
  for (const BlobView& blob : blobs)
    if (seen.insert(blob.digest).second && !TRY(HasGood(blob))) absent.push_back(blob);
  std::vector<Written> written;
  Status done = WriteAndPublish(absent, &written);
  if (!done)
    for (const Written& one : written) (void)fs_.Remove(one.temporary);
  return done;
}

Status FolderBlobStore::PutFile(const Digest& digest, const std::string& path) {
  auto file = TRY(fs_.Open(path, os::OpenMode::kRead));
  Digest actual = TRY(HashFile(*file));
  if (actual != digest) return WrongBytes(digest, actual);
  if (TRY(IsStored(digest)) && VerifyBlob(*this, digest)) {
    TRY(Refresh(digest));
    return fs_.Remove(path);
  }
  TRY(file->Sync());
  return Publish({{digest, path}});
}

Result<std::string> FolderBlobStore::NewTemporary() {
  std::lock_guard lock(mutex_);
  if (!temporary_folder_made_) TRY(fs_.MakeDirs(root_ + "/tmp", 0700));
  temporary_folder_made_ = true;
  return root_ + "/tmp/" + std::to_string(next_temporary_++);
}

Status FolderBlobStore::WriteTemporary(const BlobView& blob, bool sync,
                                       std::vector<Written>* written) {
  std::string path = TRY(NewTemporary());
  auto file = TRY(fs_.Open(path, os::OpenMode::kTruncate, 0600));
  written->push_back({blob.digest, path});
  TRY(file->WriteAt(0, blob.bytes));
  return sync ? file->Sync() : Ok();
}

Status FolderBlobStore::WriteAndPublish(const std::vector<BlobView>& blobs,
                                        std::vector<Written>* written) {
  if (blobs.size() < kSyncAllFrom) {
    for (const BlobView& blob : blobs) TRY(WriteTemporary(blob, true, written));
    return Publish(*written);
  }
  for (const BlobView& blob : blobs) TRY(WriteTemporary(blob, false, written));
  std::bitset<256> prefixes = PrefixesOf(*written);
  {
    std::lock_guard lock(mutex_);
    TRY(MakeFolders(prefixes & ~ready_));
  }
  TRY(fs_.SyncAll(root_));
  {
    std::lock_guard lock(mutex_);
    ready_ |= prefixes;
  }
  return Publish(*written);
}

std::bitset<256> FolderBlobStore::PrefixesOf(const std::vector<Written>& written) {
  std::bitset<256> prefixes;
  for (const Written& one : written) prefixes.set(Prefix(one.digest));
  return prefixes;
}

/// The temporaries are synced. When a folder cannot be synced its new names stay in doubt, and
/// count as missing, until a later put of theirs succeeds or the store is opened anew (and syncs
/// the folder).
Status FolderBlobStore::Publish(const std::vector<Written>& written) {
  if (written.empty()) return Ok();
  for (const Written& one : written) NoteUse(one.digest);
  std::bitset<256> prefixes = PrefixesOf(written);
  TRY(MakeReady(prefixes));
  {
    std::lock_guard lock(mutex_);
    for (const Written& one : written) in_doubt_.insert(one.digest);
  }
  for (const Written& one : written) TRY(fs_.Rename(one.temporary, Path(one.digest)));
  if (!MutantPlanted("no_folder_sync")) TRY(SyncFolders(prefixes));
  std::lock_guard lock(mutex_);
  for (const Written& one : written) in_doubt_.erase(one.digest);
  return Ok();
}

/// Once for each folder and process: an earlier process may have died between its rename and its
/// sync.
Status FolderBlobStore::MakeReady(const std::bitset<256>& prefixes) {
  std::lock_guard lock(mutex_);
  std::bitset<256> todo = prefixes & ~ready_;
  if (todo.none()) return Ok();
  TRY(MakeFolders(todo));
  if (ready_.none()) TRY(fs_.SyncDir(os::DirName(root_)));
  TRY(SyncFolders(todo));
  TRY(fs_.SyncDir(root_));
  ready_ |= todo;
  return Ok();
}

Status FolderBlobStore::MakeFolders(const std::bitset<256>& prefixes) {
  if (prefixes.any()) TRY(fs_.MakeDirs(root_, 0700));
  for (int prefix = 0; prefix < 256; prefix++)
    if (prefixes[prefix]) TRY(fs_.MakeDirs(Folder(static_cast<uint8_t>(prefix)), 0700));
  return Ok();
}

Status FolderBlobStore::SyncFolders(const std::bitset<256>& prefixes) {
  if (prefixes.count() >= kSyncAllFrom) return fs_.SyncAll(root_);
  for (int prefix = 0; prefix < 256; prefix++)
    if (prefixes[prefix]) TRY(fs_.SyncDir(Folder(static_cast<uint8_t>(prefix))));
  return Ok();
}

}  // namespace rw::cas
