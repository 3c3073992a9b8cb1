#include "os/testing/mounted_file_system.h"

namespace rw::os::testing {
namespace {

class Mounted final : public FileSystem {
 public:
  Mounted(FileSystem& root, std::map<std::string, FileSystem*> mounts)
      : root_(root), mounts_(std::move(mounts)) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode,
                                     uint32_t permissions) override {
    return At(path).Open(path, mode, permissions);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (&At(from) == &At(to)) return At(from).Rename(from, to);
    return Error(Code::kUnsupported, from + " and " + to + " are on two file systems");
  }
  Status Remove(const std::string& path) override { return At(path).Remove(path); }
  Status RemoveTree(const std::string& path) override { return At(path).RemoveTree(path); }
  Status MakeDirs(const std::string& path, uint32_t permissions) override {
    return At(path).MakeDirs(path, permissions);
  }
  Status MakeSymlink(const std::string& target, const std::string& path) override {
    return At(path).MakeSymlink(target, path);
  }
  Result<std::string> ReadLink(const std::string& path) override { return At(path).ReadLink(path); }
  Status SetMode(const std::string& path, uint32_t permissions) override {
    return At(path).SetMode(path, permissions);
  }
  Result<std::vector<DirEntry>> List(const std::string& path) override {
    return At(path).List(path);
  }
  Result<FileInfo> Stat(const std::string& path) override { return At(path).Stat(path); }
  Status SyncDir(const std::string& path) override { return At(path).SyncDir(path); }
  Status SyncAll(const std::string& path) override { return At(path).SyncAll(path); }

 private:
  FileSystem& At(const std::string& path) {
    for (const auto& [point, inner] : mounts_)
      if (path == point || path.starts_with(point + "/")) return *inner;
    return root_;
  }

  FileSystem& root_;
  std::map<std::string, FileSystem*> mounts_;
};

}  // namespace

std::unique_ptr<FileSystem> MakeMountedFileSystem(FileSystem& root,
                                                  std::map<std::string, FileSystem*> mounts) {
  return std::make_unique<Mounted>(root, std::move(mounts));
}

}  // namespace rw::os::testing
