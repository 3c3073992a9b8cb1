#include "cas/snapshot_reader.h"

#include <gtest/gtest.h>

#include "cas/folder_blob_store.h"
#include "os/testing/memory_file_system.h"

namespace rw::cas {
namespace {

class SnapshotReaderTest : public ::testing::Test {
 protected:
  TreeEntry File(const std::string& name, const std::string& bytes) {
    EXPECT_TRUE(store_.Put(Digest::Of(bytes), bytes));
    return {EntryMode::kFile, Digest::Of(bytes), bytes.size(), name};
  }
  TreeEntry Folder(const std::string& name, const Tree& tree) {
    std::string bytes = EncodeTree(tree);
    EXPECT_TRUE(store_.Put(Digest::Of(bytes), bytes));
    return {EntryMode::kFolder, Digest::Of(bytes), TreeSize(tree), name};
  }
  Digest Root(const Tree& tree) { return Folder("", tree).digest; }

  os::testing::MemoryFileSystem fs_;
  FolderBlobStore store_{fs_, "/blobs"};
  ClosureChecker checker_{store_};
};

TEST_F(SnapshotReaderTest, ListsFoldersBeforeWhatIsInThem) {
  Digest root = Root({Folder("d", {File("x", "1"), File("y", "22")}), File("e", "333")});
  auto entries = ListSnapshot(store_, root);
  ASSERT_TRUE(entries);
  std::vector<std::string> paths;
  for (auto& entry : *entries) paths.push_back(entry.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"d", "d/x", "d/y", "e"}));
  EXPECT_EQ(entries->at(0).entry.size, 3u);
  EXPECT_EQ(ListSnapshot(store_, root, 3).error().code(), Code::kTooLarge);
  auto closure = checker_.Check(root);
  ASSERT_TRUE(closure);
  EXPECT_TRUE(closure->missing.empty());
  EXPECT_EQ(closure->files, 3u);
  EXPECT_EQ(closure->bytes, 6u);
}

TEST_F(SnapshotReaderTest, MissingBlobsAreListedOnceAndFoundLater) {
  TreeEntry shared = Folder("a", {File("x", "gone")});
  TreeEntry again = shared;
  again.name = "b";
  Digest root = Root({shared, again, File("c", "kept")});
  ASSERT_TRUE(store_.Remove(Digest::Of("gone")));
  EXPECT_EQ(checker_.Check(root)->missing, std::vector<Digest>{Digest::Of("gone")});
  ASSERT_TRUE(store_.Put(Digest::Of("gone"), "gone"));
  EXPECT_TRUE(checker_.Check(root)->missing.empty());
  EXPECT_EQ(checker_.Check(root)->files, 3u);
  EXPECT_EQ(checker_.Check(Digest::Of("none"))->missing.size(), 1u);
}

TEST_F(SnapshotReaderTest, FindsRemovedBlobsAfterForget) {
  Digest root = Root({File("c", "kept")});
  ASSERT_TRUE(checker_.Check(root)->missing.empty());
  ASSERT_TRUE(store_.Remove(Digest::Of("kept")));
  checker_.Forget();
  EXPECT_EQ(checker_.Check(root)->missing.size(), 1u);
}

TEST_F(SnapshotReaderTest, SizesThatLieAreRefused) {
  TreeEntry file = File("x", "four");
  file.size = 5;
  EXPECT_EQ(checker_.Check(Root({file})).error().code(), Code::kInvalidArgument);
  TreeEntry folder = Folder("d", {File("x", "four")});
  folder.size = 3;
  EXPECT_EQ(checker_.Check(Root({folder})).error().code(), Code::kInvalidArgument);
}

TEST_F(SnapshotReaderTest, ABlobThatIsNoTreeIsRefused) {
  TreeEntry file = File("x", "text");
  file.mode = EntryMode::kFolder;
  EXPECT_EQ(checker_.Check(Root({file})).error().code(), Code::kInvalidArgument);
}

TEST_F(SnapshotReaderTest, FoldersThatMultiplyAreBounded) {
  // Each level holds the one below twice: 2^40 paths out of 40 blobs.
  Tree tree{File("x", "")};
  for (int level = 0; level < 40; level++) {
    TreeEntry left = Folder("l", tree);
    TreeEntry right = left;
    right.name = "r";
    tree = {left, right};
  }
  EXPECT_EQ(checker_.Check(Root(tree)).error().code(), Code::kTooLarge);
}

TEST_F(SnapshotReaderTest, DepthIsBoundedAlsoThroughRememberedTrees) {
  Tree tree{File("x", "")};
  for (size_t level = 0; level < kMaxTreeDepth; level++) tree = {Folder("d", tree)};
  EXPECT_TRUE(checker_.Check(Root(tree)));
  tree = {Folder("d", tree)};
  EXPECT_EQ(checker_.Check(Root(tree)).error().code(), Code::kTooLarge);
  EXPECT_EQ(ListSnapshot(store_, Root(tree)).error().code(), Code::kTooLarge);
}

TEST_F(SnapshotReaderTest, DamagedTreeIsNamed) {
  Digest root = Root({File("x", "1")});
  auto file = fs_.Open(store_.Path(root), os::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->WriteAt(20, "?"));
  EXPECT_EQ(checker_.Check(root).error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace rw::cas
