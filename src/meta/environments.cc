#include "meta/environments.h"

#include "base/clock.h"

namespace rw::meta {
namespace {

constexpr std::string_view kNamedColumns =
    "SELECT workspace_id, name, version, env_id, definition_json, spec_json, created_us"
    " FROM environments ";

Result<NamedEnvironment> NamedOf(const db::Statement& row) {
  NamedEnvironment out;
  out.workspace_id = row.Text(0);
  out.name = row.Text(1);
  out.version = row.Int(2);
  out.env_id = row.Text(3);
  out.definition = TRY(json::Parse(row.Text(4)));
  out.spec = TRY(json::Parse(row.Text(5)));
  out.created_us = row.Int(6);
  return out;
}

json::Array Texts(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

EnvLock::State StateOf(std::string_view name) {
  if (name == "Ready") return EnvLock::State::kReady;
  return name == "Failed" ? EnvLock::State::kFailed : EnvLock::State::kBuilding;
}

Result<EnvLock> LockOf(const db::Statement& row) {
  EnvLock out;
  out.env_id = row.Text(0);
  out.spec = row.Text(1);
  out.state = StateOf(row.Text(2));
  if (!row.IsNull(3)) out.lock = row.Text(3);
  out.build_id = row.Text(4);
  if (!row.IsNull(5)) out.python = TRY(json::Parse(row.Text(5)));
  out.platform = row.Text(6);
  out.error = row.Text(7);
  out.log = row.Text(8);
  out.created_us = row.Int(9);
  out.updated_us = row.Int(10);
  out.last_used_us = row.Int(11);
  json::Value details = TRY(json::Parse(row.IsNull(12) ? "{}" : row.Text(12)));
  out.bytes = static_cast<uint64_t>(details.IntOr("bytes", 0));
  out.lock_digest = details.StringOr("lock_digest");
  out.warnings = TRY(json::OptionalStringList(details, "warnings"));
  out.shims = TRY(json::OptionalStringList(details, "shims"));
  out.locked_us = details.IntOr("locked_us", 0);
  out.profile_hash = details.StringOr("profile_hash");
  out.upgrade_error = details.StringOr("upgrade_error");
  return out;
}

}  // namespace

json::Value ToJson(const NamedEnvironment& environment) {
  json::Value out;
  out.Set("name", environment.name).Set("version", std::to_string(environment.version));
  out.Set("workspace_id", environment.workspace_id).Set("env_id", environment.env_id);
  out.Set("definition", environment.definition).Set("spec", environment.spec);
  return out.Set("created_time", FormatUtc(environment.created_us));
}

Result<NamedEnvironment> NamedEnvironmentRepository::Get(const std::string& workspace_id,
                                                         const std::string& name,
                                                         std::optional<int64_t> version) {
  auto row = TRY(db_.Prepare(std::string(kNamedColumns) +
                             "WHERE workspace_id=?1 AND name=?2 AND (?3 IS NULL OR version=?3)"
                             " ORDER BY version DESC LIMIT 1"));
  row.Bind(workspace_id).Bind(name).Bind(version);
  if (TRY(row.Step())) return NamedOf(row);
  std::string of_version = version ? " version " + std::to_string(*version) : "";
  return Error(
      Code::kNotFound,
      "no environment '" + name + "'" + of_version +
          " in this workspace; Environment.register makes it, `runwright env list` lists all",
      "name");
}

Result<std::vector<NamedEnvironment>> NamedEnvironmentRepository::ListLatest(
    const std::string& workspace_id) {
  auto row = TRY(db_.Prepare(std::string(kNamedColumns) +
                             "AS e WHERE workspace_id=?1 AND version=(SELECT max(version) FROM"
                             " environments WHERE workspace_id=?1 AND name=e.name) ORDER BY name"));
  row.Bind(workspace_id);
  std::vector<NamedEnvironment> out;
  while (TRY(row.Step())) out.push_back(TRY(NamedOf(row)));
  return out;
}

Result<bool> NamedEnvironmentRepository::Register(NamedEnvironment* environment) {
  std::string definition = json::Write(environment->definition);
  std::string spec = json::Write(environment->spec);
  auto same = TRY(db_.Prepare(
      "SELECT version, created_us FROM environments WHERE workspace_id=? AND name=? AND env_id=?"
      " AND definition_json=? AND spec_json=? ORDER BY version DESC LIMIT 1"));
  same.Bind(environment->workspace_id).Bind(environment->name).Bind(environment->env_id);
  same.Bind(definition).Bind(spec);
  if (TRY(same.Step())) {
    environment->version = same.Int(0);
    environment->created_us = same.Int(1);
    return false;
  }
  auto next = TRY(db_.Prepare(
      "SELECT coalesce(max(version), 0) + 1 FROM environments WHERE workspace_id=? AND name=?"));
  next.Bind(environment->workspace_id).Bind(environment->name);
  TRY(next.Step());
  environment->version = next.Int(0);
  auto insert = TRY(db_.Prepare(
      "INSERT INTO environments (workspace_id, name, version, env_id, definition_json, spec_json,"
      " created_us) VALUES (?,?,?,?,?,?,?)"));
  insert.Bind(environment->workspace_id).Bind(environment->name).Bind(environment->version);
  insert.Bind(environment->env_id).Bind(definition).Bind(spec).Bind(environment->created_us);
  TRY(insert.Run());
  return true;
}

std::string_view StateName(EnvLock::State state) {
  switch (state) {
    case EnvLock::State::kBuilding:
      return "Building";
    case EnvLock::State::kReady:
      return "Ready";
    case EnvLock::State::kFailed:
      return "Failed";
  }
  return "";
}

Result<std::optional<EnvLock>> EnvLockRepository::Find(const std::string& env_id) {
  auto row = TRY(db_.Prepare(
      "SELECT env_id, spec_json, state, lock, build_id, python, platform, error_json, log,"
      " created_us, updated_us, last_used_us, details_json FROM env_locks WHERE env_id=?"));
  row.Bind(env_id);
  if (!TRY(row.Step())) return std::optional<EnvLock>();
  return std::optional<EnvLock>(TRY(LockOf(row)));
}

Result<std::vector<EnvLock>> EnvLockRepository::List() {
  auto row = TRY(db_.Prepare(
      "SELECT env_id, spec_json, state, lock, build_id, python, platform, error_json, '',"
      " created_us, updated_us, last_used_us, details_json FROM env_locks"
      " ORDER BY last_used_us DESC, env_id"));
  std::vector<EnvLock> out;
  while (TRY(row.Step())) out.push_back(TRY(LockOf(row)));
  return out;
}

Status EnvLockRepository::Put(const EnvLock& lock) {
  json::Value details;
  details.Set("bytes", lock.bytes).Set("lock_digest", lock.lock_digest);
  if (!lock.warnings.empty()) details.Set("warnings", Texts(lock.warnings));
  if (!lock.shims.empty()) details.Set("shims", Texts(lock.shims));
  if (lock.locked_us != 0) details.Set("locked_us", lock.locked_us);
  if (!lock.profile_hash.empty()) details.Set("profile_hash", lock.profile_hash);
  if (!lock.upgrade_error.empty()) details.Set("upgrade_error", lock.upgrade_error);
  auto put = TRY(db_.Prepare(
      "INSERT INTO env_locks (env_id, spec_json, state, lock, build_id, python, platform,"
      " error_json, log, created_us, updated_us, last_used_us, details_json)"
      " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (env_id) DO UPDATE SET"
      " state=excluded.state, lock=excluded.lock, build_id=excluded.build_id,"
      " python=excluded.python, platform=excluded.platform, error_json=excluded.error_json,"
      " log=excluded.log, updated_us=excluded.updated_us, last_used_us=excluded.last_used_us,"
      " details_json=excluded.details_json"));
  put.Bind(lock.env_id).Bind(lock.spec).Bind(StateName(lock.state)).Bind(lock.lock);
  put.Bind(lock.build_id).Bind(json::Write(lock.python)).Bind(lock.platform).Bind(lock.error);
  put.Bind(lock.log).Bind(lock.created_us).Bind(lock.updated_us).Bind(lock.last_used_us);
  return put.Bind(json::Write(details)).Run();
}

Status EnvLockRepository::Touch(const std::string& env_id, int64_t now_us) {
  auto touch = TRY(db_.Prepare("UPDATE env_locks SET last_used_us=? WHERE env_id=?"));
  return touch.Bind(now_us).Bind(env_id).Run();
}

Status EnvLockRepository::FailUnfinished(const std::string& why, int64_t now_us) {
  auto fail = TRY(db_.Prepare(
      "UPDATE env_locks SET state='Failed', error_json=?, updated_us=? WHERE state='Building'"));
  return fail.Bind(why).Bind(now_us).Run();
}

}  // namespace rw::meta
