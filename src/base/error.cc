#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/result.h"

namespace rw {
namespace {
struct CodeRow {
  Code code;
  std::string_view name;
  int http;
};
constexpr CodeRow kCodes[] = {
    {Code::kInvalidArgument, "InvalidArgument", 400},
    {Code::kUnauthenticated, "Unauthenticated", 401},
    {Code::kPermissionDenied, "PermissionDenied", 403},
    {Code::kNotFound, "NotFound", 404},
    {Code::kConflict, "Conflict", 409},
    {Code::kFailedPrecondition, "FailedPrecondition", 412},
    {Code::kTooLarge, "TooLarge", 413},
    {Code::kUnavailable, "Unavailable", 503},
    {Code::kDeadlineExceeded, "DeadlineExceeded", 504},
    {Code::kNoSpace, "NoSpace", 507},
    {Code::kCorrupt, "Corrupt", 500},
    {Code::kUnsupported, "Unsupported", 501},
    {Code::kCanceled, "Canceled", 499},
    {Code::kInternal, "Internal", 500},
};
const CodeRow& Row(Code code) {
  for (const CodeRow& row : kCodes)
    if (row.code == code) return row;
  CheckFailed(__FILE__, __LINE__, "code is in the table");
}
}  // namespace

std::string_view CodeName(Code code) { return Row(code).name; }
int HttpStatus(Code code) { return Row(code).http; }

Code CodeFromHttpStatus(int status) {
  if (status == 500) return Code::kInternal;
  for (const CodeRow& row : kCodes)
    if (row.http == status) return row.code;
  if (status >= 500) return Code::kUnavailable;
  return Code::kInvalidArgument;
}

Error::Error(Code code, std::string message, std::string field)
    : rep_(new Rep{code, std::move(message), std::move(field)}) {}
Error::Error(const Error& other) : rep_(new Rep(*other.rep_)) {}
Error& Error::operator=(const Error& other) {
  if (this != &other) rep_ = std::make_unique<Rep>(*other.rep_);
  return *this;
}

std::string Error::ToString() const { return std::string(CodeName(code())) + ": " + message(); }

Error&& Error::WithContext(std::string_view context) && {
  rep_->message = std::string(context) + ": " + rep_->message;
  return std::move(*this);
}

Error ErrnoError(int err, std::string_view what) {
  Code code = Code::kInternal;
  switch (err) {
    case ENOENT:
    case ENOTDIR:
      code = Code::kNotFound;
      break;
    case EEXIST:
    case ENOTEMPTY:
      code = Code::kConflict;
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::kNoSpace;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = Code::kPermissionDenied;
      break;
    case EFBIG:
      code = Code::kTooLarge;
      break;
    case ENAMETOOLONG:
    case EINVAL:
    case ELOOP:
    case EISDIR:
    case EXDEV:
      code = Code::kInvalidArgument;
      break;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EAGAIN:
    case EHOSTUNREACH:
    case ENETUNREACH:
      code = Code::kUnavailable;
      break;
    case ETIMEDOUT:
      code = Code::kDeadlineExceeded;
      break;
    default:
      break;
  }
  return Error(code, std::string(what) + ": " + std::strerror(err));
}

void CheckFailed(const char* file, int line, const char* expr) {
  std::fprintf(stderr, "CHECK failed at %s:%d: %s\n", file, line, expr);
  std::abort();
}

}  // namespace rw
