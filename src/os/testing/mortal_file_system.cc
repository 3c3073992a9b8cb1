#include "os/testing/mortal_file_system.h"

namespace rw::os::testing {
namespace {

Status Living(const std::shared_ptr<bool>& alive) {
  return *alive ? Ok() : Status(Error(Code::kNoSpace, "process is dead"));
}

class MortalFile final : public File {
 public:
  MortalFile(std::unique_ptr<File> inner, std::shared_ptr<bool> alive)
      : inner_(std::move(inner)), alive_(std::move(alive)) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    TRY(Living(alive_));
    return inner_->ReadAt(offset, out);
  }
  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    TRY(Living(alive_));
    return inner_->WriteAt(offset, bytes);
  }
  Status Append(std::string_view bytes) override {
    TRY(Living(alive_));
    return inner_->Append(bytes);
  }
  Status Sync() override {
    TRY(Living(alive_));
    return inner_->Sync();
  }
  Status Truncate(uint64_t size) override {
    TRY(Living(alive_));
    return inner_->Truncate(size);
  }
  Result<uint64_t> Size() override { return inner_->Size(); }

 private:
  std::unique_ptr<File> inner_;
  std::shared_ptr<bool> alive_;
};

class Mortal final : public FileSystem {
 public:
  Mortal(FileSystem& inner, std::shared_ptr<bool> alive)
      : inner_(inner), alive_(std::move(alive)) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode,
                                     uint32_t permissions) override {
    TRY(Living(alive_));
    auto file = TRY(inner_.Open(path, mode, permissions));
    return std::unique_ptr<File>(new MortalFile(std::move(file), alive_));
  }
  Status Rename(const std::string& from, const std::string& to) override {
    TRY(Living(alive_));
    return inner_.Rename(from, to);
  }
  Status Remove(const std::string& path) override {
    TRY(Living(alive_));
    return inner_.Remove(path);
  }
  Status RemoveTree(const std::string& path) override {
    TRY(Living(alive_));
    return inner_.RemoveTree(path);
  }
  Status MakeDirs(const std::string& path, uint32_t permissions) override {
    TRY(Living(alive_));
    return inner_.MakeDirs(path, permissions);
  }
  Status MakeSymlink(const std::string& target, const std::string& path) override {
    TRY(Living(alive_));
    return inner_.MakeSymlink(target, path);
  }
  Result<std::string> ReadLink(const std::string& path) override { return inner_.ReadLink(path); }
  Status SetMode(const std::string& path, uint32_t permissions) override {
    TRY(Living(alive_));
    return inner_.SetMode(path, permissions);
  }
  Result<std::vector<DirEntry>> List(const std::string& path) override { return inner_.List(path); }
  Result<FileInfo> Stat(const std::string& path) override { return inner_.Stat(path); }
  Status SyncDir(const std::string& path) override {
    TRY(Living(alive_));
    return inner_.SyncDir(path);
  }
  Status SyncAll(const std::string& path) override {
    TRY(Living(alive_));
    return inner_.SyncAll(path);
  }

 private:
  FileSystem& inner_;
  std::shared_ptr<bool> alive_;
};

}  // namespace

std::unique_ptr<FileSystem> MakeMortalFileSystem(FileSystem& inner, std::shared_ptr<bool> alive) {
  return std::make_unique<Mortal>(inner, std::move(alive));
}

}  // namespace rw::os::testing
