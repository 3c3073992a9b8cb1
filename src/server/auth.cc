#include "server/auth.h"

#include "base/hash.h"
#include "base/strings.h"
#include "meta/deletion.h"

namespace rw::server {
namespace {

constexpr int64_t kLoginCodeMicros = 60'000'000;

Error Unauthenticated() {
  return Error(Code::kUnauthenticated,
               "no valid token: send 'Authorization: Bearer <token>'; the owner's token is in "
               "~/.config/runwright/credentials.json of the user who started the server");
}

std::string BearerOf(const net::Request& head) {
  std::string value = head.Header("Authorization");
  if (value.size() < 7 || Lower(value.substr(0, 7)) != "bearer ") return {};
  return std::string(Trim(std::string_view(value).substr(7)));
}

std::string CookieOf(const net::Request& head) {
  for (const std::string& part : Split(head.Header("Cookie"), ';')) {
    std::string_view cookie = Trim(part);
    if (cookie.substr(0, 18) == "runwright_session=") return std::string(cookie.substr(18));
  }
  return {};
}

/// Other sites can make a browser send requests, and on one host cookies are shared by all ports:
/// what changes something must come from a page of ours.
bool FromOurPage(const net::Request& head) {
  if (head.method == "GET" || head.method == "HEAD") return true;
  std::string origin = head.Header("Origin");
  size_t scheme = origin.find("://");
  return scheme != std::string::npos && origin.substr(scheme + 3) == head.Header("Host");
}

Status InsertToken(db::Connection& db, const std::string& token, std::string_view kind,
                   const std::optional<std::string>& run,
                   const std::optional<std::string>& workspace,
                   const std::optional<std::string>& allocation, int64_t now_us,
                   std::optional<int64_t> expires_us) {
  auto insert = TRY(db.Prepare(
      "INSERT INTO tokens (hash, kind, run_id, workspace_id, allocation_id, created_us, expires_us)"
      " VALUES (?,?,?,?,?,?,?)"));
  insert.Bind(Sha256Hex(token)).Bind(kind).Bind(run).Bind(workspace).Bind(allocation);
  return insert.Bind(now_us).Bind(expires_us).Run();
}

}  // namespace

Auth::Auth(db::Connection& read, Clock& clock, Random& random)
    : read_(read), clock_(clock), random_(random) {}

std::string Auth::NewToken() { return random_.Hex(32); }

Result<Principal> Auth::PrincipalOf(const std::string& token) {
  if (token.empty()) return Unauthenticated();
  // The look-up is by hash: how long it takes says nothing about the token.
  std::string hash = Sha256Hex(token);
  auto row =
      TRY(read_.Prepare("SELECT hash, kind, run_id, workspace_id, allocation_id, expires_us FROM "
                        "tokens WHERE hash=?"));
  row.Bind(hash);
  if (!TRY(row.Step()) || !ConstantTimeEquals(row.Text(0), hash)) return Unauthenticated();
  bool expired = !row.IsNull(5) && row.Int(5) < clock_.WallMicros();
  // An executor that never heard that its last word had arrived: 401 it would take for a stranger
  // at the server's address, and go on asking.
  if (expired && row.Text(1) == "run")
    return Error(Code::kConflict,
                 "fenced: run " + row.Text(2) + " has ended; its executor must end", "fence");
  if (expired) return Unauthenticated();
  Principal principal;
  principal.kind = row.Text(1) == "run" ? Principal::Kind::kRun : Principal::Kind::kOwner;
  principal.run_id = row.Text(2);
  principal.workspace_id = row.Text(3);
  principal.allocation_id = row.Text(4);
  return principal;
}

Result<Principal> Auth::Authenticate(const net::Request& head) {
  std::string bearer = BearerOf(head);
  if (!bearer.empty()) return PrincipalOf(bearer);
  std::string cookie = CookieOf(head);
  if (cookie.empty() || !FromOurPage(head)) return Unauthenticated();
  return PrincipalOf(cookie);
}

Status Auth::InsertOwnerToken(db::Connection& db, const std::string& token, int64_t now_us) {
  return InsertToken(db, token, "owner", {}, {}, {}, now_us, {});
}

Status Auth::InsertRunToken(db::Connection& db, const std::string& token, const std::string& run_id,
                            const std::string& workspace_id, const std::string& allocation_id,
                            int64_t now_us) {
  return InsertToken(db, token, "run", run_id, workspace_id, allocation_id, now_us, {});
}

Status Auth::InsertSession(db::Connection& db, const std::string& token, int64_t now_us,
                           int64_t expires_us) {
  TRY(TRY(db.Prepare("DELETE FROM tokens WHERE expires_us < ? AND kind = 'session'"))
          .Bind(now_us)
          .Run());
  return InsertToken(db, token, "session", {}, {}, {}, now_us, expires_us);
}

Status Auth::RevokeRunTokens(db::Connection& db, const std::string& run_id) {
  return TRY(db.Prepare("DELETE FROM tokens WHERE run_id=?")).Bind(run_id).Run();
}

Status Auth::MayWriteRun(const Principal& principal, const std::string& run_id) {
  TRY(MayChangeDeletedRun(principal, run_id));
  return CheckNotDeleted(run_id);
}

Status Auth::CheckNotDeleted(const std::string& run_id) {
  auto row = TRY(read_.Prepare("SELECT deleted_us FROM runs WHERE id=?"));
  row.Bind(run_id);
  if (!TRY(row.Step()) || row.IsNull(0)) return Ok();
  return meta::DeletedError(read_, run_id, row.Int(0));
}

Status Auth::MayChangeDeletedRun(const Principal& principal, const std::string& run_id) {
  auto row = TRY(read_.Prepare(
      "WITH RECURSIVE up(id, parent_id) AS (SELECT id, parent_id FROM runs WHERE id=?1 UNION"
      " SELECT runs.id, runs.parent_id FROM runs JOIN up ON runs.id = up.parent_id)"
      " SELECT count(*), sum(id=?2) FROM up"));
  row.Bind(run_id).Bind(principal.run_id);
  TRY(row.Step());
  if (row.Int(0) == 0) return Error(Code::kNotFound, "no run '" + run_id + "'", "run");
  if (principal.is_owner()) return Ok();
  if (principal.kind == Principal::Kind::kRun && row.Int(1) > 0) return Ok();
  return Error(
      Code::kPermissionDenied,
      "run " + principal.run_id + " may change itself and its descendants only, not " + run_id);
}

Status Auth::MayReadWorkspace(const Principal& principal, const std::string& workspace_id) {
  if (principal.is_owner()) return Ok();
  if (principal.kind == Principal::Kind::kRun && principal.workspace_id == workspace_id)
    return Ok();
  return Error(Code::kPermissionDenied,
               "run " + principal.run_id + " may read its own workspace only");
}

Status Auth::MayReadRun(const Principal& principal, const std::string& run_id) {
  auto row = TRY(read_.Prepare("SELECT workspace_id FROM runs WHERE id=?"));
  row.Bind(run_id);
  if (!TRY(row.Step())) return Error(Code::kNotFound, "no run '" + run_id + "'", "run");
  TRY(MayReadWorkspace(principal, row.Text(0)));
  return CheckNotDeleted(run_id);
}

std::string Auth::MakeLoginCode(const std::string& path) {
  int64_t now = clock_.BootMicros();
  std::erase_if(codes_, [now](const auto& entry) { return entry.second.expires_boot_us < now; });
  std::string code = random_.Hex(32);
  codes_[Sha256Hex(code)] = {path, now + kLoginCodeMicros};
  return code;
}

std::optional<std::string> Auth::UseLoginCode(const std::string& code) {
  auto found = codes_.find(Sha256Hex(code));
  if (found == codes_.end()) return std::nullopt;
  LoginCode made = found->second;
  codes_.erase(found);
  if (made.expires_boot_us < clock_.BootMicros()) return std::nullopt;
  return made.path;
}

}  // namespace rw::server
