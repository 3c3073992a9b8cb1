#include "cli/exit_codes.h"

namespace rw::cli {

int ExitCode(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kTooLarge:
    case Code::kUnsupported:
      return 2;
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return 3;
    case Code::kNotFound:
      return 4;
    case Code::kConflict:
    case Code::kFailedPrecondition:
      return 5;
    case Code::kCanceled:
      return 6;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return 69;
    case Code::kInternal:
    case Code::kCorrupt:
      return 70;
    case Code::kNoSpace:
      return 74;
  }
  return 70;
}

}  // namespace rw::cli
