// Passwords inside URLs: never in logs, locks, errors or argument lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rw::env {

/// Every "://user:password@host" becomes "://****@host".
std::string MaskUserInfo(std::string_view text);

/// The URLs whose user info MaskUserInfo would hide, so that a masked lock can be used again: a
/// lock is stored masked, and the passwords come back from the settings of the day.
class Secrets {
 public:
  /// Remembers the user info of every URL in `text`.
  void Learn(std::string_view text);
  /// "://****@host" → "://user:password@host" for every host that was learned.
  std::string Restore(std::string_view masked) const;

 private:
  struct Entry {
    std::string masked;  // "://****@host"
    std::string plain;   // "://user:password@host"
  };
  std::vector<Entry> entries_;
};

}  // namespace rw::env
