#include "db/migrations.h"

#include <string>

namespace rw::db {
namespace {

Result<int64_t> VersionOf(Connection& connection) {
  auto statement = TRY(connection.Prepare("PRAGMA user_version"));
  TRY(statement.Step());
  return statement.Int(0);
}

Status Apply(Connection& connection, const Migration& migration) {
  TRY(connection.Execute("BEGIN IMMEDIATE"));
  Status done = connection.Execute(migration.sql);
  if (done) done = connection.Execute("PRAGMA user_version=" + std::to_string(migration.number));
  if (done) done = connection.Execute("COMMIT");
  if (done) return Ok();
  if (connection.in_transaction()) (void)connection.Execute("ROLLBACK");
  return std::move(done).error().WithContext("migration " + std::to_string(migration.number) +
                                             " (" + std::string(migration.name) + ")");
}

}  // namespace

Status Migrate(Connection& connection, std::span<const Migration> migrations) {
  int64_t present = TRY(VersionOf(connection));
  int64_t newest = migrations.empty() ? 0 : migrations.back().number;
  if (present > newest)
    return Error(Code::kUnsupported, "the database was written by a newer runwright (format " +
                                         std::to_string(present) + ", this one knows " +
                                         std::to_string(newest) + "); use that version");
  for (const Migration& migration : migrations)
    if (migration.number > present) TRY(Apply(connection, migration));
  return Ok();
}

}  // namespace rw::db
