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

json::Value ParseExitRecord(const std::string& text) {
  auto words = Split(Trim(text), ' ');
  if (words.size() < 3) return nullptr;
  auto number = ParseInt(words[1]), time = ParseInt(words.back());
  if (!number || !time) return nullptr;
  json::Value record = json::Object();
  record.Set("time_us", *time);
  if (words[0] == "code") return record.Set("exit_code", *number);
  if (words[0] == "signal") return record.Set("signal", *number);
  if (words[0] != "exec-failed") return nullptr;
  return record.Set("exec_error", ErrnoError(static_cast<int>(*number), words[2]).message());
}

}  // namespace rw::backend
