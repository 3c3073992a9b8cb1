#include "cas/materialise.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cas/folder_blob_store.h"
#include "cas/snapshot_reader.h"
#include "cas/testing/temporary_folder.h"

namespace rw::cas {
namespace {

class MaterialiseTest : public ::testing::Test {
 protected:
  TreeEntry Put(const std::string& name, const std::string& bytes, EntryMode mode) {
    EXPECT_TRUE(store_.Put(Digest::Of(bytes), bytes));
    return {mode, Digest::Of(bytes), bytes.size(), name};
  }
  Digest Root(const Tree& tree) { return Put("", EncodeTree(tree), EntryMode::kFolder).digest; }
  TreeEntry Folder(const std::string& name, const Tree& tree) {
    return {EntryMode::kFolder, Root(tree), TreeSize(tree), name};
  }

  os::FileSystem& fs_ = os::PosixFileSystem();
  testing::TemporaryFolder folder_;
  FolderBlobStore store_{fs_, folder_.path() + "/blobs"};
  std::string work_ = folder_.path() + "/work";
};

TEST_F(MaterialiseTest, MakesFilesFoldersLinksAndModes) {
  std::string large(3 << 20, 'x');
  Digest root = Root({Folder("d", {Folder("empty", {}), Put("run", "#!", EntryMode::kExecutable)}),
                      Put("large", large, EntryMode::kFile), Put("link", "d/run", EntryMode::kLink),
                      Put("out", "/nowhere/at/all", EntryMode::kLink)});
  auto counts = Materialise(store_, root, fs_, work_);
  ASSERT_TRUE(counts) << counts.error().ToString();
  EXPECT_EQ(counts->files, 4u);
  EXPECT_EQ(*os::ReadFile(fs_, work_ + "/large"), large);
  EXPECT_EQ(fs_.Stat(work_ + "/d/run")->mode & 0100, 0100u);
  EXPECT_EQ(fs_.Stat(work_ + "/large")->mode & 0111, 0u);
  EXPECT_EQ(*fs_.ReadLink(work_ + "/out"), "/nowhere/at/all");
  EXPECT_EQ(fs_.Stat(work_ + "/d/empty")->type, os::FileType::kDirectory);
  struct stat st {};
  ASSERT_EQ(stat((work_ + "/large").c_str(), &st), 0);
  EXPECT_EQ(st.st_nlink, 1u);
}

TEST_F(MaterialiseTest, WritesOnlyIntoAnEmptyFolder) {
  Digest root = Root({Put("a", "1", EntryMode::kFile)});
  ASSERT_TRUE(fs_.MakeDirs(work_));
  ASSERT_TRUE(Materialise(store_, root, fs_, work_));
  EXPECT_EQ(Materialise(store_, root, fs_, work_).error().code(), Code::kFailedPrecondition);
  ASSERT_TRUE(fs_.MakeSymlink(work_, folder_.path() + "/link"));
  EXPECT_EQ(Materialise(store_, root, fs_, folder_.path() + "/link").error().code(),
            Code::kFailedPrecondition);
}

TEST_F(MaterialiseTest, DamageNamesBlobAndPath) {
  Digest root = Root({Folder("d", {Put("a", "good bytes", EntryMode::kFile)})});
  Digest blob = Digest::Of("good bytes");
  ASSERT_TRUE((*fs_.Open(store_.Path(blob), os::OpenMode::kReadWrite))->WriteAt(0, "B"));
  auto made = Materialise(store_, root, fs_, work_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::kCorrupt);
  EXPECT_NE(made.error().message().find("d/a"), std::string::npos);
  EXPECT_NE(made.error().message().find(blob.Hex()), std::string::npos);
}

TEST_F(MaterialiseTest, LinkWithoutTargetIsRefused) {
  Digest root = Root({Put("l", std::string("a\0b", 3), EntryMode::kLink)});
  EXPECT_EQ(Materialise(store_, root, fs_, work_).error().code(), Code::kInvalidArgument);
}

TEST_F(MaterialiseTest, ProgressCanCancel) {
  Digest root = Root({Put("a", "1", EntryMode::kFile), Put("b", "2", EntryMode::kFile)});
  MaterialiseOptions options;
  options.progress = [](const MaterialiseCounts& counts) { return counts.files < 2; };
  EXPECT_EQ(Materialise(store_, root, fs_, work_, options).error().code(), Code::kCanceled);
}

/// Stands in for a file system with reflinks.
class CopyingCloner final : public FileCloner {
 public:
  bool Clone(const std::string& from, const std::string& to, uint32_t permissions) override {
    auto bytes = os::ReadFile(os::PosixFileSystem(), from);
    clones++;
    return bytes && os::WriteFileAtomically(os::PosixFileSystem(), to, *bytes, permissions);
  }
  int clones = 0;
};

TEST_F(MaterialiseTest, LargeBlobsAreClonedAndVerified) {
  std::string large(1 << 20, 'x');
  Digest root = Root({Put("large", large, EntryMode::kFile), Put("s", "1", EntryMode::kFile)});
  CopyingCloner cloner;
  MaterialiseOptions options;
  options.cloner = &cloner;
  options.blob_path = [this](const Digest& digest) { return store_.Path(digest); };
  ASSERT_TRUE(Materialise(store_, root, fs_, work_, options));
  EXPECT_EQ(cloner.clones, 1);
  ASSERT_TRUE(
      (*fs_.Open(store_.Path(Digest::Of(large)), os::OpenMode::kReadWrite))->WriteAt(0, "B"));
  EXPECT_EQ(Materialise(store_, root, fs_, work_ + "2", options).error().code(), Code::kCorrupt);
}

TEST_F(MaterialiseTest, WithoutReflinksTheBytesAreCopied) {
  std::string large(1 << 20, 'x');
  Digest root = Root({Put("large", large, EntryMode::kFile)});
  auto cloner = ReflinkCloner();
  MaterialiseOptions options;
  options.cloner = cloner.get();
  options.blob_path = [this](const Digest& digest) { return store_.Path(digest); };
  ASSERT_TRUE(Materialise(store_, root, fs_, work_, options));
  EXPECT_EQ(*os::ReadFile(fs_, work_ + "/large"), large);
}

}  // namespace
}  // namespace rw::cas
