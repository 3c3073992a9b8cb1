// Result<T>: a value or an Error. Nothing of ours throws; library exceptions are caught in their
// adapter.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace rw {

/// What kind of failure, and with it the HTTP status, the Python exception and the CLI exit code
/// (api/errors.yaml). Callers and tests branch on the code, never on the message.
enum class Code {
  kInvalidArgument,   // the request is wrong; sending it again cannot help
  kUnauthenticated,   // no valid token
  kPermissionDenied,  // a valid token that may not do this
  kNotFound,
  kConflict,            // exists already, stale version or fence, write-once value
  kFailedPrecondition,  // right request, wrong state (e.g. download of a file not there yet)
  kTooLarge,
  kUnavailable,  // nobody answered; trying again may help, nothing is known of the effect
  kDeadlineExceeded,
  kNoSpace,  // ENOSPC or EDQUOT; the write was discarded
  kCorrupt,  // stored bytes do not match their checksum
  kUnsupported,
  kCanceled,
  kInternal,  // our bug, or the operating system failed in a way we have no answer to
};

std::string_view CodeName(Code code);
int HttpStatus(Code code);
Code CodeFromHttpStatus(int status);

/// One pointer wide, so Result<T> costs no more than T plus a word.
/// The message names the thing, the cause and the next step. `field` names the offending field of a
/// request ("arguments[2]"). Context is prepended on the way up: "open blob 12ab…: Permission
/// denied".
class Error {
 public:
  Error(Code code, std::string message, std::string field = {});
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;

  Code code() const { return rep_->code; }
  const std::string& message() const { return rep_->message; }
  const std::string& field() const { return rep_->field; }
  /// "NotFound: message".
  std::string ToString() const;
  Error&& WithContext(std::string_view context) &&;

 private:
  struct Rep {
    Code code;
    std::string message;
    std::string field;
  };
  std::unique_ptr<Rep> rep_;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}    // NOLINT
  Result(tl::unexpected<Error> error) : tl::expected<T, Error>(std::move(error)) {}  // NOLINT
};

using Status = Result<void>;
inline Status Ok() { return Status(); }

/// From errno: ENOENT → kNotFound, EEXIST → kConflict, ENOSPC/EDQUOT → kNoSpace, EACCES →
/// kPermissionDenied, …
Error ErrnoError(int err, std::string_view what);

[[noreturn]] void CheckFailed(const char* file, int line, const char* expr);

}  // namespace rw

/// The value of an expression of type Result<T>, or return its error from the enclosing function.
#define TRY(...)                                                 \
  ({                                                             \
    auto rw_try_result = (__VA_ARGS__);                          \
    if (!rw_try_result) return std::move(rw_try_result).error(); \
    ::rw::internal::Unwrap(std::move(rw_try_result));            \
  })

/// For our own bugs only; stays on in release. Prints file, line and expression, then aborts.
#define CHECK(expr)                                            \
  do {                                                         \
    if (!(expr)) ::rw::CheckFailed(__FILE__, __LINE__, #expr); \
  } while (0)

namespace rw::internal {
template <class T>
T Unwrap(Result<T>&& r) {
  return *std::move(r);
}
inline void Unwrap(Result<void>&&) {}
}  // namespace rw::internal
