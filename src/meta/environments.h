// Environments that have a name, what each env_id was resolved to, and the builds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

struct NamedEnvironment {
  std::string workspace_id;
  std::string name;
  int64_t version = 0;
  std::string env_id;
  json::Value definition;  // the SDK's own
  json::Value spec;        // docs/dev/formats/environment.md
  int64_t created_us = 0;
};
json::Value ToJson(const NamedEnvironment& environment);

/// Over a connection of the caller's thread; writes only inside an operation of the writer.
class NamedEnvironmentRepository {
 public:
  explicit NamedEnvironmentRepository(db::Connection& db) : db_(db) {}
  /// The latest where no version is given. kNotFound names it.
  Result<NamedEnvironment> Get(const std::string& workspace_id, const std::string& name,
                               std::optional<int64_t> version);
  /// The latest version of each name, by name.
  Result<std::vector<NamedEnvironment>> ListLatest(const std::string& workspace_id);
  /// The same definition and spec as a version that is there: that version. Else the next version,
  /// which is stored. True when stored; environment->version is set.
  Result<bool> Register(NamedEnvironment* environment);

 private:
  db::Connection& db_;
};

/// What an env_id was resolved to, once, and how its last build went.
struct EnvLock {
  enum class State { kBuilding, kReady, kFailed };
  std::string env_id;
  std::string spec;  // canonical text
  State state = State::kBuilding;
  std::optional<std::string> lock;  // nothing: never resolved
  std::string build_id;
  json::Value python;  // {"version", "path", "implementation", "prefix", "base_path", "warning"}
  std::string platform;
  std::string error;  // of kFailed: for people
  std::string log;
  uint64_t bytes = 0;       // of the build
  std::string lock_digest;  // blob with the lock's text
  /// What was put in place of what was asked for: told by every run that uses it.
  std::vector<std::string> warnings;
  std::vector<std::string> shims;  // compatibility shims that its scripts need
  int64_t locked_us = 0;           // when the lock was made; 0: with the row
  std::string profile_hash;        // env::ProfileHash of that time; empty: not known
  std::string upgrade_error;       // why the last try to resolve anew kept the old lock
  int64_t created_us = 0;
  int64_t updated_us = 0;
  int64_t last_used_us = 0;
};
std::string_view StateName(EnvLock::State state);

class EnvLockRepository {
 public:
  explicit EnvLockRepository(db::Connection& db) : db_(db) {}
  Result<std::optional<EnvLock>> Find(const std::string& env_id);
  /// Last used first; log texts are left out.
  Result<std::vector<EnvLock>> List();
  /// Inserts or replaces, except created_us.
  Status Put(const EnvLock& lock);
  Status Touch(const std::string& env_id, int64_t now_us);
  /// What was in work when the server ended is no longer.
  Status FailUnfinished(const std::string& why, int64_t now_us);

 private:
  db::Connection& db_;
};

}  // namespace rw::meta
