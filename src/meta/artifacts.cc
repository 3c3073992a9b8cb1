#include "meta/artifacts.h"

#include <algorithm>

#include "base/clock.h"

namespace rw::meta {
namespace {

Artifact StoredOf(const db::Statement& row) {
  return {row.Text(0), row.Text(1), row.Int(2), row.Text(3), row.Int(4), 0};
}

Artifact LogOf(const db::Statement& row) {
  return {row.Text(0), "", row.Int(1), "log", row.Int(2), row.Int(3)};
}

bool HasPrefix(const std::string& name, const std::string& prefix) {
  return name.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

json::Value ToJson(const Artifact& artifact) {
  json::Value out;
  out.Set("name", artifact.name).Set("size", artifact.size).Set("live", artifact.live());
  if (!artifact.live()) out.Set("digest", artifact.digest);
  out.Set("source", artifact.source);
  return out.Set("time", FormatUtc(artifact.updated_us));
}

Result<std::vector<Artifact>> ArtifactRepository::List(int64_t run_row, const std::string& prefix) {
  std::vector<Artifact> out;
  auto stored = TRY(
      db_.Prepare("SELECT name, digest, size, source, updated_us FROM artifacts WHERE run_row=?"));
  stored.Bind(run_row);
  while (TRY(stored.Step())) out.push_back(StoredOf(stored));
  auto logs = TRY(
      db_.Prepare("SELECT name, size, updated_us, number FROM logs WHERE run_row=?1 AND NOT EXISTS"
                  " (SELECT 1 FROM artifacts a WHERE a.run_row=?1 AND a.name=logs.name)"));
  logs.Bind(run_row);
  while (TRY(logs.Step())) out.push_back(LogOf(logs));
  std::erase_if(out, [&](const Artifact& a) { return !HasPrefix(a.name, prefix); });
  std::sort(out.begin(), out.end(),
            [](const Artifact& a, const Artifact& b) { return a.name < b.name; });
  return out;
}

Result<std::optional<Artifact>> ArtifactRepository::FindStored(int64_t run_row,
                                                               const std::string& name) {
  auto row =
      TRY(db_.Prepare("SELECT name, digest, size, source, updated_us FROM artifacts"
                      " WHERE run_row=? AND name=?"));
  row.Bind(run_row).Bind(name);
  if (!TRY(row.Step())) return std::optional<Artifact>();
  return std::optional<Artifact>(StoredOf(row));
}

Result<std::optional<Artifact>> ArtifactRepository::FindLog(int64_t run_row,
                                                            const std::string& name) {
  auto row = TRY(
      db_.Prepare("SELECT name, size, updated_us, number FROM logs WHERE run_row=? AND name=?"));
  row.Bind(run_row).Bind(name);
  if (!TRY(row.Step())) return std::optional<Artifact>();
  return std::optional<Artifact>(LogOf(row));
}

Result<std::optional<Artifact>> ArtifactRepository::Find(int64_t run_row, const std::string& name) {
  auto stored = TRY(FindStored(run_row, name));
  if (stored) return stored;
  return FindLog(run_row, name);
}

Result<Naming> ArtifactRepository::Name(int64_t run_row, const Artifact& artifact) {
  auto present = TRY(Find(run_row, artifact.name));
  // A file below logs/ is streamed while it grows; stored as a whole it hides that log.
  bool streamed = present && present->live() && HasPrefix(artifact.name, "logs/");
  if (streamed) present.reset();
  if (present && present->live())
    return Error(Code::kConflict,
                 "'" + artifact.name + "' is a log of this run; choose another name", "name");
  if (present && present->digest == artifact.digest && present->source == artifact.source)
    return Naming::kSame;
  if (present && present->source == "upload") {
    if (artifact.source == "scan") return Naming::kKept;
    return Error(
        Code::kConflict,
        "this run has a file '" + artifact.name +
            "' that was uploaded before; uploaded files do not change: choose another name",
        "name");
  }
  auto put = TRY(db_.Prepare(
      "INSERT INTO artifacts (run_row, name, digest, size, source, created_us, updated_us)"
      " VALUES (?1,?2,?3,?4,?5,?6,?6) ON CONFLICT (run_row, name) DO UPDATE SET"
      " digest=excluded.digest, size=excluded.size, source=excluded.source,"
      " updated_us=excluded.updated_us"));
  put.Bind(run_row).Bind(artifact.name).Bind(artifact.digest).Bind(artifact.size);
  TRY(put.Bind(artifact.source).Bind(artifact.updated_us).Run());
  return present ? Naming::kReplaced : Naming::kNew;
}

}  // namespace rw::meta
