// Tokens, browser sessions, and what a principal may touch.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "db/connection.h"
#include "net/http.h"
#include "server/principal.h"

namespace rw::server {

/// Tokens are 32 random bytes in hex; only their SHA-256 is stored. On the loop's thread, except
/// where a connection is passed: those run inside an operation of the writer.
class Auth {
 public:
  Auth(db::Connection& read, Clock& clock, Random& random);

  /// From `Authorization: Bearer` or the session cookie. kUnauthenticated says how to get a token.
  /// A cookie counts for requests that change something only where Origin is this server's.
  Result<Principal> Authenticate(const net::Request& head);
  /// The principal of a bare token (the login form).
  Result<Principal> PrincipalOf(const std::string& token);

  std::string NewToken();
  static Status InsertOwnerToken(db::Connection& db, const std::string& token, int64_t now_us);
  static Status InsertRunToken(db::Connection& db, const std::string& token,
                               const std::string& run_id, const std::string& workspace_id,
                               const std::string& allocation_id, int64_t now_us);
  static Status InsertSession(db::Connection& db, const std::string& token, int64_t now_us,
                              int64_t expires_us);
  /// All tokens of a run: its end.
  static Status RevokeRunTokens(db::Connection& db, const std::string& run_id);

  /// kPermissionDenied unless the owner, or a run's token and `run_id` is that run or below it.
  /// kNotFound where there is no such run, or it is deleted.
  Status MayWriteRun(const Principal& principal, const std::string& run_id);
  /// The same of a run that may be deleted.
  Status MayChangeDeletedRun(const Principal& principal, const std::string& run_id);
  /// The owner, or a run of that workspace.
  Status MayReadWorkspace(const Principal& principal, const std::string& workspace_id);
  Status MayReadRun(const Principal& principal, const std::string& run_id);

  /// One-time codes for a browser: 60 s, single use, forgotten at a restart.
  std::string MakeLoginCode(const std::string& path);
  /// The path the code was made for; nothing when it is unknown, used or old.
  std::optional<std::string> UseLoginCode(const std::string& code);

 private:
  struct LoginCode {
    std::string path;
    int64_t expires_boot_us;
  };
  Status CheckNotDeleted(const std::string& run_id);
  db::Connection& read_;
  Clock& clock_;
  Random& random_;
  std::map<std::string, LoginCode> codes_;  // by SHA-256 of the code
};

}  // namespace rw::server
