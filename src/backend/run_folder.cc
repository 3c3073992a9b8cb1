#include "backend/run_folder.h"

#include "base/strings.h"

namespace rw::backend {

Result<os::ProcessIdentity> ReadIdentity(os::FileSystem& fs, const std::string& path) {
  std::string text = TRY(os::ReadFile(fs, path, 4096));
  auto words = Split(Trim(text), ' ');
  if (words.size() < 3) return Error(Code::kCorrupt, path + " is not 'pid start_ticks boot_id'");
  auto pid = ParseInt(words[0]), ticks = ParseInt(words[1]);
  if (!pid || !ticks) return Error(Code::kCorrupt, path + " is not 'pid start_ticks boot_id'");
  return os::ProcessIdentity{static_cast<int>(*pid), static_cast<uint64_t>(*ticks), words[2]};
}

}  // namespace rw::backend
