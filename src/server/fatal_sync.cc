#include "server/fatal_sync.h"

#include <cstdlib>

#include "base/log.h"

namespace rw::server {
namespace {

Status DieUnlessNoSpace(Status synced) {
  // A folder or file that another thread removed meanwhile is no broken disk.
  if (synced || synced.error().code() == Code::kNoSpace || synced.error().code() == Code::kNotFound)
    return synced;
  LOG_ERROR("sync.fatal", {"error", synced.error().message()});
  std::abort();
}

class FatalSyncFile final : public os::File {
 public:
  explicit FatalSyncFile(std::unique_ptr<os::File> base) : base_(std::move(base)) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    return base_->ReadAt(offset, out);
  }
  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    return base_->WriteAt(offset, bytes);
  }
  Status Append(std::string_view bytes) override { return base_->Append(bytes); }
  Status Sync() override { return DieUnlessNoSpace(base_->Sync()); }
  Status Truncate(uint64_t size) override { return base_->Truncate(size); }
  Result<uint64_t> Size() override { return base_->Size(); }

 private:
  std::unique_ptr<os::File> base_;
};

class FatalSyncFileSystem final : public os::FileSystem {
 public:
  explicit FatalSyncFileSystem(os::FileSystem& base) : base_(base) {}
  Result<std::unique_ptr<os::File>> Open(const std::string& path, os::OpenMode mode,
                                         uint32_t permissions) override {
    auto file = TRY(base_.Open(path, mode, permissions));
    return std::unique_ptr<os::File>(new FatalSyncFile(std::move(file)));
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return base_.Rename(from, to);
  }
  Status Remove(const std::string& path) override { return base_.Remove(path); }
  Status RemoveTree(const std::string& path) override { return base_.RemoveTree(path); }
  Status MakeDirs(const std::string& path, uint32_t permissions) override {
    return base_.MakeDirs(path, permissions);
  }
  Status MakeSymlink(const std::string& target, const std::string& path) override {
    return base_.MakeSymlink(target, path);
  }
  Result<std::string> ReadLink(const std::string& path) override { return base_.ReadLink(path); }
  Status SetMode(const std::string& path, uint32_t permissions) override {
    return base_.SetMode(path, permissions);
  }
  Result<std::vector<os::DirEntry>> List(const std::string& path) override {
    return base_.List(path);
  }
  Result<os::FileInfo> Stat(const std::string& path) override { return base_.Stat(path); }
  Status SyncDir(const std::string& path) override { return DieUnlessNoSpace(base_.SyncDir(path)); }
  Status SyncAll(const std::string& path) override { return DieUnlessNoSpace(base_.SyncAll(path)); }

 private:
  os::FileSystem& base_;
};

}  // namespace

std::unique_ptr<os::FileSystem> MakeFatalSyncFileSystem(os::FileSystem& base) {
  return std::make_unique<FatalSyncFileSystem>(base);
}

}  // namespace rw::server
