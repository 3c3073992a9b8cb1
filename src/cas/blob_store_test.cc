#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cas/folder_blob_store.h"
#include "cas/pack.h"
#include "cas/testing/temporary_folder.h"

namespace rw::cas {
namespace {

class FolderBlobStoreTest : public ::testing::Test {
 protected:
  os::FileSystem& fs_ = os::PosixFileSystem();
  testing::TemporaryFolder folder_;
  FolderBlobStore store_{fs_, folder_.path() + "/blobs"};
};

TEST_F(FolderBlobStoreTest, WhatWasPutIsReadBack) {
  Digest digest = Digest::Of("hello");
  EXPECT_EQ(store_.Open(digest).error().code(), Code::kNotFound);
  ASSERT_TRUE(store_.Put(digest, "hello"));
  ASSERT_TRUE(store_.Put(digest, "hello"));
  EXPECT_EQ(*ReadBlob(store_, digest), "hello");
  EXPECT_EQ(*store_.Size(digest), 5u);
  EXPECT_EQ(store_.Path(digest), folder_.path() + "/blobs/2c/" + digest.Hex());
  EXPECT_TRUE(fs_.List(folder_.path() + "/blobs/tmp")->empty());
  EXPECT_EQ(ReadBlob(store_, digest, 4).error().code(), Code::kTooLarge);
  ASSERT_TRUE(store_.Remove(digest));
  ASSERT_TRUE(store_.Remove(digest));
  EXPECT_EQ(store_.Size(digest).error().code(), Code::kNotFound);
}

TEST_F(FolderBlobStoreTest, ASweepLeavesWhatWasUsedSinceItBegan) {
  std::vector<Digest> digests;
  for (const char* text : {"sized", "opened", "put again", "looked for", "in a pack", "unused"}) {
    digests.push_back(Digest::Of(text));
    ASSERT_TRUE(store_.Put(digests.back(), text));
  }
  store_.BeginSweep();
  ASSERT_TRUE(store_.Size(digests[0]));
  ASSERT_TRUE(store_.Open(digests[1]));
  ASSERT_TRUE(store_.Put(digests[2], "put again"));
  ASSERT_TRUE(store_.FindMissing({&digests[3], 1})->empty());
  BlobView packed{digests[4], "in a pack"};
  ASSERT_TRUE(store_.PutMany({&packed, 1}));
  Digest fresh = Digest::Of("new");
  ASSERT_TRUE(store_.Put(fresh, "new"));
  for (size_t i = 0; i < 5; i++) EXPECT_FALSE(*store_.RemoveUnused(digests[i])) << i;
  EXPECT_FALSE(*store_.RemoveUnused(fresh));
  EXPECT_TRUE(*store_.RemoveUnused(digests[5]));
  EXPECT_EQ(store_.FindMissing(digests)->size(), 1u);
  store_.EndSweep();
  // What an earlier sweep saw in use is nothing to the next one.
  store_.BeginSweep();
  EXPECT_TRUE(*store_.RemoveUnused(digests[0]));
  store_.EndSweep();
}

TEST_F(FolderBlobStoreTest, OneThatIsPutAgainIsAsFreshAsNew) {
  Digest digest = Digest::Of("again");
  ASSERT_TRUE(store_.Put(digest, "again"));
  int64_t before = fs_.Stat(store_.Path(digest))->ctime_ns;
  for (int i = 0; i < 1000 && fs_.Stat(store_.Path(digest))->ctime_ns == before; i++)
    ASSERT_TRUE(store_.Put(digest, "again"));
  EXPECT_GT(fs_.Stat(store_.Path(digest))->ctime_ns, before);
  int seen = 0;
  ASSERT_TRUE(store_.ForEach([&](const Digest& one, const os::FileInfo& info) {
    seen++;
    EXPECT_EQ(one, digest);
    EXPECT_EQ(info.size, 5u);
    return Ok();
  }));
  EXPECT_EQ(seen, 1);
}

TEST_F(FolderBlobStoreTest, EmptyBlobIsABlob) {
  ASSERT_TRUE(store_.Put(Digest::Of(""), ""));
  EXPECT_EQ(*ReadBlob(store_, Digest::Of("")), "");
}

TEST_F(FolderBlobStoreTest, WrongBytesAreRefusedAndNothingIsKept) {
  Digest digest = Digest::Of("right");
  EXPECT_EQ(store_.Put(digest, "wrong").error().code(), Code::kInvalidArgument);
  EXPECT_EQ(store_.Size(digest).error().code(), Code::kNotFound);
}

TEST_F(FolderBlobStoreTest, AFileIsTakenOverOnlyWhenItIsTheBlob) {
  std::string path = folder_.path() + "/spooled";
  ASSERT_TRUE(os::WriteFileAtomically(fs_, path, "bytes"));
  EXPECT_EQ(store_.PutFile(Digest::Of("others"), path).error().code(), Code::kInvalidArgument);
  EXPECT_TRUE(os::Exists(fs_, path));
  ASSERT_TRUE(store_.PutFile(Digest::Of("bytes"), path));
  EXPECT_FALSE(os::Exists(fs_, path));
  EXPECT_EQ(*ReadBlob(store_, Digest::Of("bytes")), "bytes");
}

TEST_F(FolderBlobStoreTest, DamageIsNamedAndRepairedByAnotherPut) {
  Digest digest = Digest::Of("good bytes");
  ASSERT_TRUE(store_.Put(digest, "good bytes"));
  ASSERT_TRUE((*fs_.Open(store_.Path(digest), os::OpenMode::kReadWrite))->WriteAt(3, "X"));
  auto read = ReadBlob(store_, digest);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kCorrupt);
  EXPECT_NE(read.error().message().find(digest.Hex()), std::string::npos);
  EXPECT_EQ(VerifyBlob(store_, digest).error().code(), Code::kCorrupt);
  ASSERT_TRUE(store_.Put(digest, "good bytes"));
  EXPECT_TRUE(VerifyBlob(store_, digest));
}

TEST_F(FolderBlobStoreTest, CutOffBlobIsCorrupt) {
  Digest digest = Digest::Of("good bytes");
  ASSERT_TRUE(store_.Put(digest, "good bytes"));
  ASSERT_TRUE((*fs_.Open(store_.Path(digest), os::OpenMode::kReadWrite))->Truncate(4));
  EXPECT_EQ(VerifyBlob(store_, digest).error().code(), Code::kCorrupt);
}

TEST_F(FolderBlobStoreTest, PackIsStoredWhole) {
  std::string pack;
  std::vector<Digest> digests;
  for (int i = 0; i < 300; i++) {
    std::string bytes = "blob " + std::to_string(i / 2);
    digests.push_back(Digest::Of(bytes));
    AppendToPack(digests.back(), bytes, &pack);
  }
  EXPECT_EQ(store_.FindMissing(digests)->size(), 150u);
  ASSERT_TRUE(store_.PutMany(*ParsePack(pack)));
  EXPECT_TRUE(store_.FindMissing(digests)->empty());
  EXPECT_EQ(*ReadBlob(store_, digests[7]), "blob 3");
}

TEST_F(FolderBlobStoreTest, OneWrongBlobInAPackStoresNothing) {
  std::vector<BlobView> blobs{{Digest::Of("a"), "a"}, {Digest::Of("b"), "c"}};
  EXPECT_EQ(store_.PutMany(blobs).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(store_.Size(blobs[0].digest).error().code(), Code::kNotFound);
}

TEST(Pack, MalformedPacksAreRefused) {
  std::string good;
  AppendToPack(Digest::Of("abc"), "abc", &good);
  EXPECT_EQ(ParsePack(good)->size(), 1u);
  EXPECT_EQ(ParsePack(good)->front().bytes, "abc");
  EXPECT_TRUE(ParsePack("")->empty());
  std::string hex = Digest::Of("abc").Hex();
  for (const std::string& bad :
       {good.substr(0, good.size() - 1), good + "x", hex, hex + " 3", hex + " -1\n",
        hex + " x\nabc", hex + "  3\nabc", std::string(64, 'Z') + " 0\n",
        hex + " 99999999999999999999\nabc", std::string("\n")})
    EXPECT_EQ(ParsePack(bad).error().code(), Code::kInvalidArgument) << bad;
}

TEST(DigestTest, OnlyLowerCaseHexIsADigest) {
  Digest digest = Digest::Of("x");
  EXPECT_EQ(*Digest::Parse(digest.Hex()), digest);
  std::string upper = digest.Hex();
  for (char& c : upper) c = static_cast<char>(toupper(c));
  EXPECT_FALSE(Digest::Parse(upper));
  EXPECT_FALSE(Digest::Parse(""));
  EXPECT_FALSE(Digest::Parse("../../etc/passwd"));
}

}  // namespace
}  // namespace rw::cas
