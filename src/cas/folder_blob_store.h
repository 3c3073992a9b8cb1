// Blobs as files: <root>/aa/<64 hex digits>, `aa` the first two of them. A blob is written beside
// (<root>/tmp/), synced, renamed into place, and its folder synced: a name under its digest always
// has whole bytes.
#pragma once

#include <atomic>
#include <bitset>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>

#include "cas/blob_store.h"
#include "os/file_system.h"

namespace rw::cas {

class FolderBlobStore final : public BlobStore {
 public:
  /// Does nothing to the disk: folders are made by the first Put. `root` is absolute; `fs` outlives
  /// this.
  FolderBlobStore(os::FileSystem& fs, std::string root);

  /// Removes what writes that were cut off left in <root>/tmp/. At start, before anything is put.
  Status RemoveLeftovers();
  /// Where the blob is or would be; for a FileBody, or a process that reads it by itself.
  std::string Path(const Digest& digest) const;

  /// A collection: from BeginSweep to EndSweep every blob that is put, found, sized or opened
  /// counts as used, and RemoveUnused leaves it (false). So what was named after the collection had
  /// looked for names is never taken away.
  void BeginSweep();
  Result<bool> RemoveUnused(const Digest& digest);
  void EndSweep();
  /// Every blob there is; one that goes away meanwhile is passed over.
  Status ForEach(const std::function<Status(const Digest&, const os::FileInfo&)>& visit);

  Result<std::unique_ptr<BlobReader>> Open(const Digest& digest) override;
  Status Put(const Digest& digest, std::string_view bytes) override;
  Status PutFile(const Digest& digest, const std::string& path) override;
  Status PutMany(std::span<const BlobView> blobs) override;
  Result<std::vector<Digest>> FindMissing(std::span<const Digest> digests) override;
  Result<uint64_t> Size(const Digest& digest) override;
  Status Remove(const Digest& digest) override;

 private:
  struct Written {
    Digest digest;
    std::string temporary;
  };

  void NoteUse(const Digest& digest);
  Status Refresh(const Digest& digest);
  std::string Folder(uint8_t prefix) const;
  Result<std::string> NewTemporary();
  Result<bool> IsStored(const Digest& digest);
  Result<bool> HasGood(const BlobView& blob);
  Status WriteTemporary(const BlobView& blob, bool sync, std::vector<Written>* written);
  Status WriteAndPublish(const std::vector<BlobView>& blobs, std::vector<Written>* written);
  Status Publish(const std::vector<Written>& written);
  static std::bitset<256> PrefixesOf(const std::vector<Written>& written);
  Status MakeFolders(const std::bitset<256>& prefixes);
  Status SyncFolders(const std::bitset<256>& prefixes);
  Status MakeReady(const std::bitset<256>& prefixes);

  os::FileSystem& fs_;
  std::string root_;
  std::mutex mutex_;
  uint64_t next_temporary_ = 0;
  bool temporary_folder_made_ = false;
  /// By first byte: the folder is there, and its name and what an earlier process left in it are
  /// durable.
  std::bitset<256> ready_;
  /// Blobs whose names may be visible but are not known to be durable.
  std::unordered_set<Digest> in_doubt_;
  std::atomic<bool> sweeping_ = false;
  std::mutex sweep_mutex_;
  std::unordered_set<Digest> used_;  // since BeginSweep
};

}  // namespace rw::cas
