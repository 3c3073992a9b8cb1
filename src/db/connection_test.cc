#include "db/connection.h"

#include <gtest/gtest.h>

#include "db/migrations.h"

namespace rw::db {
namespace {

std::unique_ptr<Connection> Memory() { return *Connection::Open(":memory:"); }

TEST(Connection, ValuesRoundTrip) {
  auto db = Memory();
  ASSERT_TRUE(db->Execute("CREATE TABLE t (i, d, s, b, n)"));
  auto insert = *db->Prepare("INSERT INTO t VALUES (?,?,?,?,?)");
  insert.Bind(int64_t{-7}).Bind(0.1).Bind("").BindBlob(std::string("a\0b", 3)).BindNull();
  ASSERT_TRUE(insert.Run());
  auto row = *db->Prepare("SELECT * FROM t");
  ASSERT_TRUE(*row.Step());
  EXPECT_EQ(row.Int(0), -7);
  EXPECT_EQ(row.Double(1), 0.1);
  EXPECT_FALSE(row.IsNull(2));
  EXPECT_EQ(row.Text(3), std::string("a\0b", 3));
  EXPECT_TRUE(row.IsNull(4));
  EXPECT_FALSE(*row.Step());
}

TEST(Connection, OneTextCanBeInUseTwice) {
  auto db = Memory();
  auto first = *db->Prepare("SELECT 1 UNION SELECT 2");
  ASSERT_TRUE(*first.Step());
  auto second = *db->Prepare("SELECT 1 UNION SELECT 2");
  ASSERT_TRUE(*second.Step());
  ASSERT_TRUE(*first.Step());
  EXPECT_EQ(first.Int(0), 2);
  EXPECT_EQ(second.Int(0), 1);
}

TEST(Connection, ConstraintIsConflict) {
  auto db = Memory();
  ASSERT_TRUE(db->Execute("CREATE TABLE t (i INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)"));
  EXPECT_EQ(db->Execute("INSERT INTO t VALUES (1)").error().code(), Code::kConflict);
}

TEST(Migrations, ApplyOnceAndRefuseTheFuture) {
  auto db = Memory();
  const Migration all[] = {{1, "first", "CREATE TABLE a (x)"}, {2, "second", "CREATE TABLE b (x)"}};
  ASSERT_TRUE(Migrate(*db, std::span(all, 1)));
  ASSERT_TRUE(Migrate(*db, all));
  ASSERT_TRUE(Migrate(*db, all));
  EXPECT_EQ(Migrate(*db, std::span(all, 1)).error().code(), Code::kUnsupported);
}

TEST(Migrations, AFailureLeavesNothing) {
  auto db = Memory();
  const Migration bad[] = {{1, "bad", "CREATE TABLE a (x); CREATE TABLE a (x)"}};
  EXPECT_FALSE(Migrate(*db, bad));
  const Migration good[] = {{1, "good", "CREATE TABLE a (x)"}};
  EXPECT_TRUE(Migrate(*db, good));
}

}  // namespace
}  // namespace rw::db
