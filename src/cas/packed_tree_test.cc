#include "cas/packed_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "cas/pack_folder.h"
#include "cas/pack_unpacker.h"
#include "os/file_system.h"

namespace rw::cas {
namespace {

using os::PosixFileSystem;

class PackedFolderTest : public ::testing::Test {
 protected:
  PackedFolderTest() {
    std::string name = ::testing::TempDir() + "/packXXXXXX";
    root_ = mkdtemp(name.data());
    source_ = root_ + "/source";
  }
  ~PackedFolderTest() override { (void)PosixFileSystem().RemoveTree(root_); }

  void Write(const std::string& path, std::string_view text, uint32_t mode = 0644) {
    std::string whole = source_ + "/" + path;
    ASSERT_TRUE(PosixFileSystem().MakeDirs(whole.substr(0, whole.rfind('/'))));
    auto file = PosixFileSystem().Open(whole, os::OpenMode::kTruncate);
    ASSERT_TRUE(file && (*file)->WriteAt(0, text));
    ASSERT_TRUE(PosixFileSystem().SetMode(whole, mode));
  }
  std::string Read(const std::string& path) {
    return os::ReadFile(PosixFileSystem(), path).value_or("absent");
  }
  PackFacts Pack(const PackOptions& options = {}) {
    auto facts = PackFolder(source_, root_ + "/pack", options);
    EXPECT_TRUE(facts) << facts.error().message();
    return facts ? *facts : PackFacts();
  }
  PackedTree Index(const PackFacts& facts) {
    std::string pack = Read(root_ + "/pack");
    auto tree = DecodeIndex(pack.substr(facts.content_bytes, facts.index_bytes));
    EXPECT_TRUE(tree) << tree.error().message();
    return tree ? *tree : PackedTree();
  }
  /// From the last piece to the first, by two threads.
  Status Unpack(const PackFacts& facts, const std::string& to, UnpackOptions options = {}) {
    std::string pack = Read(root_ + "/pack");
    auto unpacker = TRY(PackUnpacker::Begin(Index(facts), to, std::move(options)));
    size_t half = unpacker->pieces().size() / 2;
    Status results[2] = {Ok(), Ok()};
    auto put = [&](size_t from, size_t until, Status* result) {
      for (size_t i = until; i-- > from && *result;)
        *result = unpacker->Put(i, std::string_view(pack).substr(unpacker->pieces()[i].offset,
                                                                 unpacker->pieces()[i].size));
    };
    std::jthread other([&] { put(0, half, &results[0]); });
    put(half, unpacker->pieces().size(), &results[1]);
    other.join();
    TRY(std::move(results[0]));
    TRY(std::move(results[1]));
    return unpacker->Finish();
  }

  std::string root_, source_;
};

TEST_F(PackedFolderTest, GivesTheFolderBack) {
  std::string large(3 * kPieceBytes + 17, 'x');
  for (size_t i = 0; i < large.size(); i += 97) large[i] = static_cast<char>('a' + i % 26);
  Write("lib/large.so", large, 0755);
  Write("lib/empty.py", "");
  Write("lib/a-b", "1");
  Write("lib/a/b", "2");
  Write("locked/file", "3", 0444);
  for (int i = 0; i < 300; i++) Write("many/" + std::to_string(i), "number " + std::to_string(i));
  ASSERT_TRUE(PosixFileSystem().MakeSymlink("lib", source_ + "/lib64"));
  ASSERT_TRUE(PosixFileSystem().MakeSymlink("../a-b", source_ + "/lib/a/link"));
  ASSERT_TRUE(PosixFileSystem().SetMode(source_ + "/locked", 0555));
  PackFacts facts = Pack();
  EXPECT_EQ(facts.files, 305U);
  Status done = Unpack(facts, root_ + "/copy");
  ASSERT_TRUE(done) << done.error().message();
  std::string copy = root_ + "/copy";
  EXPECT_EQ(Read(copy + "/lib/large.so"), large);
  EXPECT_EQ(Read(copy + "/lib64/a/link"), "1");
  EXPECT_EQ(Read(copy + "/many/299"), "number 299");
  EXPECT_EQ(Read(copy + "/lib/empty.py"), "");
  for (const char* path : {"/lib/large.so", "/locked/file", "/locked", "/lib/a/b"}) {
    auto was = PosixFileSystem().Stat(source_ + path), is = PosixFileSystem().Stat(copy + path);
    ASSERT_TRUE(was && is) << path;
    EXPECT_EQ(was->mode, is->mode) << path;
    if (was->type == os::FileType::kRegular) {
      EXPECT_EQ(was->mtime_ns, is->mtime_ns) << path;
    }
  }
  ASSERT_TRUE(PosixFileSystem().SetMode(copy + "/locked", 0755));
  ASSERT_TRUE(PosixFileSystem().SetMode(source_ + "/locked", 0755));
}

TEST_F(PackedFolderTest, TheSameFolderGivesTheSameBytesAndFactsAreReadBack) {
  Write("b", "2");
  Write("a", "1");
  PackFacts facts = Pack({.notes = {{"build", "12"}}});
  auto again = PackFolder(source_, root_ + "/again", {.notes = {{"build", "12"}}});
  ASSERT_TRUE(again);
  EXPECT_EQ(Read(root_ + "/pack"), Read(root_ + "/again"));
  auto read = ReadPackFacts(root_ + "/pack");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->digest, facts.digest);
  EXPECT_EQ(read->content_bytes, 2U);
  EXPECT_EQ(Index(facts).notes.at("build"), "12");
  auto file = PosixFileSystem().Open(root_ + "/again", os::OpenMode::kReadWrite);
  ASSERT_TRUE(file && (*file)->Truncate(60));
  EXPECT_EQ(ReadPackFacts(root_ + "/again").error().code(), Code::kCorrupt);
}

TEST_F(PackedFolderTest, PathsOfMovedFoldersAreReplaced) {
  Write("bin/tool", "#!/srv/python/bin/python3\nprefix=/srv/builds/1/x:/srv/builds/1\n", 0755);
  Write("bin/program", std::string("ELF\0/srv/builds/1", 17), 0755);
  Write("plain", "/usr/bin/python3 /srvx");
  ASSERT_TRUE(PosixFileSystem().MakeSymlink("/srv/python/bin/python3", source_ + "/bin/python"));
  ASSERT_TRUE(PosixFileSystem().MakeSymlink("/usr/bin/env", source_ + "/bin/env"));
  PackFacts facts = Pack({.moved = {{"build", "/srv/builds/1"}, {"python", "/srv/python"}}});
  EXPECT_EQ(Index(facts).notes.at("moved:build"), "/srv/builds/1");
  Status refused = Unpack(facts, root_ + "/refused");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("/usr/bin/env"), std::string::npos);
  Status done = Unpack(facts, root_ + "/copy",
                       {.moved = {{"/srv/builds/1", "/node/longer/1"}, {"/srv/python", "/p"}},
                        .outside = {"/usr/bin/env"}});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(Read(root_ + "/copy/bin/tool"),
            "#!/p/bin/python3\nprefix=/node/longer/1/x:/node/longer/1\n");
  EXPECT_EQ(Read(root_ + "/copy/bin/program"), std::string("ELF\0/srv/builds/1", 17));
  EXPECT_EQ(PosixFileSystem().ReadLink(root_ + "/copy/bin/python").value_or(""), "/p/bin/python3");
}

TEST_F(PackedFolderTest, ChangedAndMissingBytesAreRefusedByTheFilesName) {
  Write("lib/good.py", "good");
  Write("lib/large.bin", std::string(2 * kPieceBytes, 'l'));
  PackFacts facts = Pack();
  std::string pack = Read(root_ + "/pack");
  EXPECT_TRUE(VerifyPack(root_ + "/pack"));
  auto on_disk = PosixFileSystem().Open(root_ + "/pack", os::OpenMode::kReadWrite);
  ASSERT_TRUE(on_disk && (*on_disk)->WriteAt(facts.content_bytes - 1, "?"));
  Status verified = VerifyPack(root_ + "/pack");
  ASSERT_FALSE(verified);
  EXPECT_NE(verified.error().message().find("lib/large.bin is damaged"), std::string::npos);
  auto unpacker = PackUnpacker::Begin(Index(facts), root_ + "/copy", {});
  ASSERT_TRUE(unpacker);
  ASSERT_EQ((*unpacker)->pieces().size(), 3U);
  auto piece = [&](size_t i) {
    return pack.substr((*unpacker)->pieces()[i].offset, (*unpacker)->pieces()[i].size);
  };
  std::string wrong = piece(2);
  wrong[5] ^= 1;
  Status changed = (*unpacker)->Put(2, wrong);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), Code::kCorrupt);
  EXPECT_NE(changed.error().message().find("lib/large.bin"), std::string::npos);
  EXPECT_EQ((*unpacker)->Put(0, "goo").error().code(), Code::kCorrupt);
  EXPECT_TRUE((*unpacker)->Put(0, piece(0)));
  EXPECT_EQ((*unpacker)->Finish().error().code(), Code::kCorrupt);
}

std::string IndexOf(const std::string& lines) { return "runwright-pack 1\n" + lines; }

std::string FileLine(const std::string& path, const std::string& size = "0") {
  return "f\t644\t" + size + "\t1\t" + Digest::Of("").Hex() + "\t" + path + "\n";
}

TEST(PackedTreeTest, HostileIndexesAreRefused) {
  EXPECT_TRUE(DecodeIndex(IndexOf("d\t755\ta\n" + FileLine("a/b") + "l\tc\ta/b\n")));
  const std::string huge = std::to_string(INT64_MAX);
  const std::vector<std::string> hostile = {
      "",
      "runwright-pack 2\n",
      IndexOf("d\t755\ta"),
      IndexOf(FileLine("../etc/passwd")),
      IndexOf(FileLine("/etc/passwd")),
      IndexOf(FileLine("a/b")),
      IndexOf("l\ta\t.\n" + FileLine("a/b")),
      IndexOf(FileLine("b") + FileLine("a")),
      IndexOf(FileLine("a") + FileLine("a")),
      IndexOf(FileLine("a") + "#\tlate\tnote\n"),
      IndexOf(FileLine("a", "1048577")),
      IndexOf(FileLine("a", "-1")),
      IndexOf(FileLine("a", "00")),
      IndexOf(FileLine("a", huge)),
      IndexOf(FileLine("a", "9223372036854775808")),
      IndexOf("f\t4755\t0\t1\t" + Digest::Of("").Hex() + "\ta\n"),
      IndexOf("f\t777\t0\t1\t" + Digest::Of("").Hex() + "\ta\n"),
      IndexOf("f\t644\t0\t1\tabc\ta\n"),
      IndexOf("l\ta\t/etc\n"),
      IndexOf("l\ta\t../etc\n"),
      IndexOf("l\ta\tb/../../etc\n"),
      IndexOf("l\ta\t\n"),
      IndexOf("o\ta\tetc\n"),
      IndexOf("o\ta\t/srv/../etc\n"),
      IndexOf("x\ta\n"),
      IndexOf("d\t755\t.\n"),
      IndexOf("d\t755\ta\x01\n"),
  };
  for (const std::string& index : hostile) EXPECT_FALSE(DecodeIndex(index)) << index;
}

TEST(PackedTreeTest, LinksAreFollowedInTheHead) {
  EXPECT_TRUE(StaysInside("lib64", "lib"));
  EXPECT_TRUE(StaysInside("a/b/c", "../../d/e"));
  EXPECT_TRUE(StaysInside("a/b", ".//x/./y"));
  EXPECT_FALSE(StaysInside("a/b", "../../c"));
  EXPECT_FALSE(StaysInside("p/q/y", "x/.."));
  EXPECT_FALSE(StaysInside("a", "/a"));
}

}  // namespace
}  // namespace rw::cas
