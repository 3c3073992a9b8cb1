#include "base/hash.h"
#include "cas/pack.h"
#include "cas/tree.h"
#include "server/byte_range.h"
#include "server/model_files.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class FilesTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    workspace_ = MakeWorkspace();
    InsertRun("r", workspace_);
  }
  std::string PutBlob(const std::string& bytes) {
    std::string digest = Sha256Hex(bytes);
    EXPECT_EQ(Do("PUT", "/api/v1/blobs/" + digest, bytes).status(), 201);
    return digest;
  }
  int Name(const std::string& name, const std::string& digest, size_t size,
           const std::string& source) {
    json::Value body;
    body.Set("name", name).Set("digest", digest).Set("size", static_cast<int64_t>(size));
    body.Set("source", source);
    return Do("POST", "/api/v1/runs/r/artifacts", json::Write(body)).status();
  }
  std::string workspace_;
};

TEST_F(FilesTest, BlobsAreCheckedAgainstTheirDigest) {
  std::string digest = PutBlob("hello");
  PutBlob("hello");
  EXPECT_EQ(Do("PUT", "/api/v1/blobs/" + digest, "other").status(), 400);
  EXPECT_EQ(Do("PUT", "/api/v1/blobs/xyz", "other").json()["error"].StringOr("field"), "digest");
  auto got = Do("GET", "/api/v1/blobs/" + digest);
  EXPECT_EQ(got.response->body.bytes, "hello");
  EXPECT_EQ(Do("GET", "/api/v1/blobs/" + Sha256Hex("none")).status(), 404);
}

TEST_F(FilesTest, APackIsStoredAndWhatIsMissingIsSaid) {
  std::string pack;
  cas::AppendToPack(cas::Digest::Of("a"), "a", &pack);
  cas::AppendToPack(cas::Digest::Of("b"), "b", &pack);
  EXPECT_EQ(Do("POST", "/api/v1/blobs/pack", pack).json().IntOr("stored", 0), 2);
  json::Value body;
  body.Set("digests", json::Array{Sha256Hex("a"), Sha256Hex("c")});
  auto missing = Do("POST", "/api/v1/blobs/missing", json::Write(body)).json()["missing"];
  ASSERT_EQ(missing.as_array().size(), 1u);
  EXPECT_EQ(missing.as_array()[0].as_string(), Sha256Hex("c"));
}

TEST_F(FilesTest, ASnapshotNeedsAllItsBlobs) {
  cas::Tree tree{{cas::EntryMode::kFile, cas::Digest::Of("x"), 1, "a.py"}};
  std::string id = PutBlob(cas::EncodeTree(tree));
  std::string body = "{\"id\":\"" + id + "\"}";
  auto refused = Do("POST", "/api/v1/snapshots", body);
  EXPECT_EQ(refused.status(), 412);
  EXPECT_EQ(refused.json()["missing"].as_array()[0].as_string(), Sha256Hex("x"));
  EXPECT_EQ(Do("GET", "/api/v1/snapshots/" + id).status(), 404);
  PutBlob("x");
  EXPECT_EQ(Do("POST", "/api/v1/snapshots", body).status(), 201);
  EXPECT_EQ(Do("POST", "/api/v1/snapshots", body).status(), 200);
  auto got = Do("GET", "/api/v1/snapshots/" + id).json();
  EXPECT_EQ(got["entries"].as_array()[0].StringOr("path"), "a.py");
  EXPECT_EQ(got.IntOr("bytes", 0), 1);
}

TEST_F(FilesTest, ArtifactsAreNamedBlobs) {
  std::string one = PutBlob("one"), two = PutBlob("two");
  EXPECT_EQ(Name("./outputs/a.txt", one, 3, "scan"), 201);
  EXPECT_EQ(Name("outputs/a.txt", two, 3, "upload"), 201);
  EXPECT_EQ(Name("outputs/a.txt", one, 3, "scan"), 200);
  EXPECT_EQ(Name("outputs/a.txt", one, 3, "upload"), 409);
  EXPECT_EQ(Name("outputs/b.txt", one, 4, "upload"), 400);
  EXPECT_EQ(Name("outputs/b.txt", Sha256Hex("none"), 4, "upload"), 412);
  EXPECT_EQ(Name("../b.txt", one, 3, "upload"), 400);
  EXPECT_EQ(Name("b.txt", one, 3, "other"), 400);
  auto got = Do("GET", "/api/v1/runs/r/artifacts/content?name=outputs/a.txt");
  EXPECT_EQ(got.response->body.bytes, "two");
  EXPECT_EQ(got.response->headers["X-Runwright-Digest"], two);
  auto part =
      Do("GET", "/api/v1/runs/r/artifacts/content?name=outputs/a.txt", "", owner, "bytes=1-");
  EXPECT_EQ(part.status(), 206);
  EXPECT_EQ(part.response->body.bytes, "wo");
  EXPECT_EQ(Do("GET", "/api/v1/runs/r/artifacts/content?name=outputs/a.txt", "", owner, "bytes=9-")
                .status(),
            416);
  EXPECT_EQ(Do("GET", "/api/v1/runs/r/artifacts/content?name=none").status(), 404);
  EXPECT_EQ(Do("GET", "/api/v1/runs/none/artifacts").status(), 404);
}

TEST_F(FilesTest, AnUploadIsStoredAndNamed) {
  std::string to = "/api/v1/runs/r/artifacts/content?name=report.html";
  auto put = Do("PUT", to, "<p>");
  EXPECT_EQ(put.status(), 201);
  EXPECT_EQ(put.json().StringOr("digest"), Sha256Hex("<p>"));
  EXPECT_EQ(Do("PUT", to, "<p>").status(), 200);
  EXPECT_EQ(Do("PUT", to, "<b>").status(), 409);
  // A page of a script's making is never a page of this server.
  auto got = Do("GET", to);
  EXPECT_EQ(got.response->headers["Content-Type"], "application/octet-stream");
}

TEST_F(FilesTest, ALargeBlobIsServedFromItsFile) {
  std::string bytes(200'000, 'x');
  std::string digest = PutBlob(bytes);
  auto got = Do("GET", "/api/v1/blobs/" + digest, "", owner, "bytes=10-19");
  ASSERT_TRUE(got.response->body.file);
  EXPECT_EQ(got.response->body.file->offset(), 10u);
  EXPECT_EQ(got.response->body.size(), 10u);
  auto file =
      *fs.Open("/data/blobs/" + digest.substr(0, 2) + "/" + digest, os::OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(5, "y"));
  EXPECT_EQ(Do("GET", "/api/v1/blobs/" + digest).status(), 500);
}

TEST_F(FilesTest, ALiveLogIsServedUpToItsDurableSize) {
  ASSERT_TRUE(
      db->Execute("INSERT INTO logs (run_row, name, number, size) VALUES (1,'logs/x',3,4)"));
  auto got = Do("GET", "/api/v1/runs/r/artifacts/content?name=logs/x");
  ASSERT_TRUE(got.response->body.file);
  EXPECT_EQ(got.response->body.file->path(), "/data/logs/r/3.log");
  EXPECT_EQ(got.response->body.size(), 4u);
  auto item = Do("GET", "/api/v1/runs/r/artifacts").json()["items"].as_array()[0];
  EXPECT_TRUE(item.BoolOr("live", false));
  EXPECT_TRUE(item["digest"].is_null());
}

TEST_F(FilesTest, ModelsComeFromTheFilesOfARun) {
  std::string models = "/api/v1/workspaces/" + workspace_ + "/models";
  Name("outputs/model/a.pb", PutBlob("a"), 1, "scan");
  Name("outputs/model/v/b", PutBlob("b"), 1, "scan");
  auto made = Do("POST", models, R"({"name":"m","run_id":"r","model_path":"./outputs/model"})");
  EXPECT_EQ(made.status(), 201);
  EXPECT_EQ(made.json()["files"].as_array()[1].StringOr("path"), "model/v/b");
  EXPECT_EQ(made.json().StringOr("id"), "m:1");
  EXPECT_EQ(Do("POST", models, R"({"name":"m","run_id":"r","model_path":"outputs/"})")
                .json()
                .IntOr("version", 0),
            2);
  auto none = Do("POST", models, R"({"name":"m","run_id":"r","model_path":"outputs/none"})");
  EXPECT_EQ(none.status(), 404);
  EXPECT_EQ(none.json()["error"].StringOr("field"), "model_path");
  EXPECT_EQ(none.json()["files"].as_array().size(), 2u);
  EXPECT_EQ(Do("GET", models + "/m/content?version=1&path=model/a.pb").response->body.bytes, "a");
  EXPECT_EQ(Do("GET", models + "/m").json().IntOr("version", 0), 2);
  EXPECT_EQ(Do("DELETE", models + "/m?version=2").status(), 200);
  EXPECT_EQ(Do("GET", models + "?name=m").json()["items"].as_array().size(), 1u);
}

TEST_F(FilesTest, ModelsComeFromUploadedBlobs) {
  std::string models = "/api/v1/workspaces/" + workspace_ + "/models";
  std::string digest = PutBlob("weights");
  std::string files = R"("files":[{"path":"w.bin","digest":")" + digest + R"(","size":7}])";
  EXPECT_EQ(Do("POST", models, R"({"name":"m","tags":{"k":"v"},)" + files + "}").status(), 201);
  EXPECT_EQ(Do("POST", models, R"({"name":"m"})").status(), 400);
  EXPECT_EQ(Do("POST", models, R"({"name":"../m",)" + files + "}").status(), 400);
  auto patched = Do("PATCH", models + "/m?version=1",
                    R"({"tags":{"a":"b"},"remove_tags":["k"],"properties":{"p":"1"}})");
  EXPECT_EQ(patched.json()["tags"].as_object().size(), 1u);
  EXPECT_EQ(Do("PATCH", models + "/m?version=1", R"({"properties":{"p":"2"}})").status(), 409);
  EXPECT_EQ(Do("GET", models + "?tag=a%3Db").json()["items"].as_array().size(), 1u);
}

TEST(ByteRange, ReadsOneRange) {
  auto is = [](const char* header, uint64_t offset, uint64_t size) {
    auto range = ParseByteRange(header, 10);
    return range && *range && (*range)->offset == offset && (*range)->size == size;
  };
  EXPECT_TRUE(is("bytes=0-0", 0, 1));
  EXPECT_TRUE(is("bytes=3-", 3, 7));
  EXPECT_TRUE(is("bytes=3-99", 3, 7));
  EXPECT_TRUE(is("bytes=-4", 6, 4));
  EXPECT_TRUE(is("bytes=-40", 0, 10));
  for (const char* ignored : {"", "bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,3-4", "lines=1-2"})
    EXPECT_FALSE(*ParseByteRange(ignored, 10)) << ignored;
  for (const char* behind : {"bytes=10-", "bytes=10-12", "bytes=-0"})
    EXPECT_FALSE(ParseByteRange(behind, 10)) << behind;
}

TEST(ModelFiles, AFileWinsOverAFolderOfItsName) {
  std::vector<meta::Artifact> files = {{"m", "d1", 1, "scan"}, {"m/x", "d2", 1, "scan"}};
  auto chosen = *SelectModelFiles(files, "m/");
  ASSERT_EQ(chosen.size(), 1u);
  EXPECT_EQ(chosen[0].path, "m");
  EXPECT_FALSE(SelectModelFiles(files, "../m"));
  EXPECT_TRUE(SelectModelFiles(files, "mm")->empty());
}

}  // namespace
}  // namespace rw::server
