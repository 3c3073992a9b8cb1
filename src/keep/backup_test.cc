#include "keep/backup.h"

#include <gtest/gtest.h>

#include "cas/folder_blob_store.h"
#include "cas/testing/temporary_folder.h"
#include "cas/tree.h"
#include "db/migrations.h"
#include "meta/schema.h"

namespace rw::keep {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000;

/// A data folder with one run: an output, a log, a snapshot with a folder in it.
class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs.MakeDirs(data, 0700));
    db = *db::Connection::Open(data + "/runwright.db");
    ASSERT_TRUE(db::Migrate(*db, meta::Migrations()));
    Put("outputs/model.pkl", "model bytes");
    cas::Tree inner = {{cas::EntryMode::kFile, Blob("print()"), 7, "train.py"}};
    cas::Tree root = {{cas::EntryMode::kFolder, Blob(cas::EncodeTree(inner)), 7, "src"}};
    snapshot = Blob(cas::EncodeTree(root));
    Sql("INSERT INTO runs (row, id, workspace_id, experiment_id, experiment, number, type, status,"
        " root_id, created_us, snapshot_id) VALUES (1,'r1','w','e','exp',1,'t','Running','r1',1,'" +
        snapshot.Hex() + "')");
    Log("first\nsecond\n", 6);
    ASSERT_TRUE(os::WriteFileAtomically(fs, data + "/secrets.key", "key\n", 0600));
  }

  void Sql(const std::string& sql) {
    auto done = db->Execute(sql);
    ASSERT_TRUE(done) << done.error().message();
  }
  cas::Digest Blob(const std::string& bytes) {
    cas::Digest digest = cas::Digest::Of(bytes);
    EXPECT_TRUE(store.Put(digest, bytes));
    return digest;
  }
  void Put(const std::string& name, const std::string& bytes) {
    Sql("INSERT INTO artifacts VALUES (1,'" + name + "','" + Blob(bytes).Hex() + "'," +
        std::to_string(bytes.size()) + ",'upload',1,1)");
  }
  /// `durable` of its bytes have a row.
  void Log(const std::string& bytes, int durable) {
    ASSERT_TRUE(fs.MakeDirs(data + "/logs/r1", 0700));
    ASSERT_TRUE(os::WriteFileAtomically(fs, data + "/logs/r1/1.log", bytes, 0600));
    Sql("INSERT OR REPLACE INTO logs (run_row, name, number, size) VALUES (1,'log.txt',1," +
        std::to_string(durable) + ")");
  }
  BackupReport MustBackup() {
    auto report = Backup(fs, data, dest, kNow);
    EXPECT_TRUE(report) << report.error().message();
    return *report;
  }
  Result<RestoreReport> TryRestore(bool partial = false) {
    return Restore(fs, dest, restored, partial);
  }
  std::string Path(const cas::Digest& digest, const std::string& folder) {
    return cas::FolderBlobStore(fs, folder + "/blobs").Path(digest);
  }
  void Damage(const std::string& path) {
    auto file = *fs.Open(path, os::OpenMode::kReadWrite);
    ASSERT_TRUE(file->WriteAt(0, "X"));
  }

  cas::testing::TemporaryFolder folder;
  os::FileSystem& fs = os::PosixFileSystem();
  const std::string data = folder.path() + "/data";
  const std::string dest = folder.path() + "/dest";
  const std::string restored = folder.path() + "/restored";
  cas::FolderBlobStore store{fs, data + "/blobs"};
  std::unique_ptr<db::Connection> db;
  cas::Digest snapshot;
};

TEST_F(BackupTest, GoesThereAndBack) {
  BackupReport report = MustBackup();
  EXPECT_EQ(report.manifest.blobs, 4u);
  EXPECT_EQ(report.new_blobs, 4u);
  EXPECT_EQ(report.manifest.log_bytes, 6u);
  EXPECT_TRUE(report.manifest.problems.empty());
  auto back = TryRestore();
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->blobs, 4u);
  EXPECT_EQ(*os::ReadFile(fs, restored + "/logs/r1/1.log"), "first\n");
  EXPECT_EQ(*os::ReadFile(fs, restored + "/secrets.key"), "key\n");
  EXPECT_EQ(fs.Stat(restored + "/secrets.key")->mode & 0777, 0600u);
  auto copy = *db::Connection::Open(restored + "/runwright.db");
  auto row = *copy->Prepare("SELECT id FROM runs");
  ASSERT_TRUE(*row.Step());
  EXPECT_EQ(row.Text(0), "r1");
  EXPECT_EQ(TryRestore().error().code(), Code::kFailedPrecondition);
}

TEST_F(BackupTest, ARepeatCopiesWhatIsNewAndRemovesWhatIsGone) {
  MustBackup();
  Sql("DELETE FROM artifacts");
  Put("outputs/other.pkl", "other bytes");
  Log("first\nsecond\nthird\n", 13);
  BackupReport again = MustBackup();
  EXPECT_EQ(again.new_blobs, 1u);
  EXPECT_FALSE(os::Exists(fs, Path(cas::Digest::Of("model bytes"), dest)));
  ASSERT_TRUE(TryRestore());
  EXPECT_EQ(*os::ReadFile(fs, restored + "/logs/r1/1.log"), "first\nsecond\n");
}

TEST_F(BackupTest, ABackupThatWasCutOffLeavesTheOneBefore) {
  MustBackup();
  // What a second one does before its end: a marker, longer logs, a new database, new blobs.
  ASSERT_TRUE(os::WriteFileAtomically(fs, dest + "/incomplete", "", 0600));
  ASSERT_TRUE(os::WriteFileAtomically(fs, dest + "/logs/r1/1.log", "first\nsecond\n", 0600));
  ASSERT_TRUE(os::WriteFileAtomically(fs, dest + "/new.db", "half", 0600));
  auto back = TryRestore();
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*os::ReadFile(fs, restored + "/logs/r1/1.log"), "first\n");
  // The next one trusts nothing that was left: this one was torn.
  Damage(Path(cas::Digest::Of("model bytes"), dest));
  EXPECT_EQ(MustBackup().new_blobs, 1u);
}

TEST_F(BackupTest, DamageInTheDataFolderIsNamedByRunAndFile) {
  Damage(Path(cas::Digest::Of("model bytes"), data));
  ASSERT_TRUE(fs.Remove(Path(cas::Digest::Of("print()"), data)));
  BackupReport report = MustBackup();
  ASSERT_EQ(report.manifest.problems.size(), 2u);
  EXPECT_EQ(report.manifest.problems[0].what, "'outputs/model.pkl' of run r1");
  EXPECT_EQ(report.manifest.problems[1].what, "'src/train.py' of snapshot of run r1");
  auto back = TryRestore();
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->problems.size(), 2u);
}

TEST_F(BackupTest, ADamagedBackupIsNotRestoredUnlessPartially) {
  MustBackup();
  Damage(Path(cas::Digest::Of("model bytes"), dest));
  auto refused = TryRestore();
  EXPECT_EQ(refused.error().code(), Code::kCorrupt);
  EXPECT_NE(refused.error().message().find("'outputs/model.pkl' of run r1"), std::string::npos);
  EXPECT_FALSE(os::Exists(fs, restored));
  EXPECT_FALSE(os::Exists(fs, restored + ".restoring"));
  EXPECT_EQ(TryRestore(true)->problems.size(), 1u);
}

TEST_F(BackupTest, ADamagedDatabaseOfABackupIsNotRestored) {
  BackupReport report = MustBackup();
  Damage(dest + "/" + report.manifest.database_file);
  EXPECT_EQ(TryRestore(true).error().code(), Code::kCorrupt);
}

TEST_F(BackupTest, WrongFoldersAreRefused) {
  EXPECT_EQ(Backup(fs, data, data + "/backup", kNow).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(Backup(fs, folder.path() + "/none", dest, kNow).error().code(), Code::kNotFound);
  EXPECT_EQ(TryRestore().error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace rw::keep
