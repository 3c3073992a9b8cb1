#include "meta/schema.h"

#include <gtest/gtest.h>

namespace rw::meta {
namespace {

TEST(Schema, EveryMigrationApplies) {
  auto db = *db::Connection::Open(":memory:");
  auto done = db::Migrate(*db, Migrations());
  EXPECT_TRUE(done) << done.error().ToString();
}

TEST(Schema, ListsUseAnIndex) {
  auto db = *db::Connection::Open(":memory:");
  ASSERT_TRUE(db::Migrate(*db, Migrations()));
  auto plan = *db->Prepare(
      "EXPLAIN QUERY PLAN SELECT id FROM runs WHERE experiment_id=? AND row<? ORDER BY row DESC");
  ASSERT_TRUE(*plan.Step());
  EXPECT_NE(plan.Text(3).find("runs_by_experiment"), std::string::npos) << plan.Text(3);
}

}  // namespace
}  // namespace rw::meta
