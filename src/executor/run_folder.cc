#include "executor/run_folder.h"

#include "base/strings.h"

namespace rw::executor {

Result<StartRecord> ReadStartRecord(os::FileSystem& fs, const RunFolder& folder) {
  std::string text = TRY(os::ReadFile(fs, folder.started(), 4096));
  auto words = Split(Trim(text), ' ');
  if (words.size() < 4) return Error(Code::kCorrupt, folder.started() + " has not four words");
  StartRecord record;
  record.pid = static_cast<int>(ParseInt(words[0]).value_or(0));
  record.start_ticks = static_cast<uint64_t>(ParseInt(words[1]).value_or(0));
  record.boot_id = words[2];
  record.wall_us = ParseInt(words[3]).value_or(0);
  if (words.size() > 4) record.boot_us = ParseInt(words[4]).value_or(0);
  return record;
}

Result<UsageRecord> ReadUsageRecord(os::FileSystem& fs, const RunFolder& folder) {
  std::string text = TRY(os::ReadFile(fs, folder.usage(), 4096));
  auto words = Split(Trim(text), ' ');
  UsageRecord record;
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    auto number = ParseInt(words[i + 1]);
    if (!number) continue;
    if (words[i] == "peak_bytes") record.peak_bytes = *number;
    if (words[i] == "group_oom") record.group_oom = *number;
    if (words[i] == "machine_oom_before") record.machine_oom_before = *number;
    if (words[i] == "machine_oom") record.machine_oom = *number;
    if (words[i] == "memory_bytes") record.memory_bytes = *number;
    if (words[i] == "boot_us") record.boot_us = *number;
  }
  return record;
}

Result<ExitRecord> ReadExitRecord(os::FileSystem& fs, const RunFolder& folder) {
  std::string text = TRY(os::ReadFile(fs, folder.exit(), 4096));
  std::string_view line = Trim(text);
  size_t last = line.rfind(' ');
  size_t first = line.find(' ');
  if (last == std::string_view::npos) return Error(Code::kCorrupt, folder.exit() + " has one word");
  ExitRecord record;
  record.wall_us = ParseInt(line.substr(last + 1)).value_or(0);
  size_t second = line.find(' ', first + 1);
  if (second < last) record.path = std::string(line.substr(second + 1, last - second - 1));
  return record;
}

Status ReplaceFile(os::FileSystem& fs, const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".tmp";
  {
    auto file = TRY(fs.Open(temporary, os::OpenMode::kTruncate, 0600));
    TRY(file->WriteAt(0, bytes));
  }
  return fs.Rename(temporary, path);
}

}  // namespace rw::executor
