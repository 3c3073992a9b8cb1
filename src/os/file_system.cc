#include "os/file_system.h"

#include "os/paths.h"

namespace rw::os {

Result<std::string> ReadFile(FileSystem& fs, const std::string& path, uint64_t most) {
  auto file = TRY(fs.Open(path, OpenMode::kRead));
  std::string out;
  char buffer[1 << 16];
  while (true) {
    size_t n = TRY(file->ReadAt(out.size(), buffer));
    if (n == 0) return out;
    if (out.size() + n > most)
      return Error(Code::kTooLarge,
                   path + " is larger than the limit of " + std::to_string(most) + " bytes.");
    out.append(buffer, n);
  }
}

Status WriteFileAtomically(FileSystem& fs, const std::string& path, std::string_view bytes,
                           uint32_t permissions) {
  std::string temporary = path + ".tmp";
  Status written = [&]() -> Status {
    auto file = TRY(fs.Open(temporary, OpenMode::kTruncate, permissions));
    TRY(file->WriteAt(0, bytes));
    TRY(file->Sync());
    TRY(fs.Rename(temporary, path));
    return fs.SyncDir(DirName(path));
  }();
  if (!written) (void)fs.Remove(temporary);
  return written;
}

Result<std::vector<std::pair<std::string, FileInfo>>> FileSystem::ListWithInfo(
    const std::string& path) {
  std::vector<std::pair<std::string, FileInfo>> out;
  for (DirEntry& entry : TRY(List(path))) {
    auto info = Stat(JoinPath(path, entry.name));
    if (info) out.emplace_back(std::move(entry.name), *std::move(info));
  }
  return out;
}

bool Exists(FileSystem& fs, const std::string& path) { return fs.Stat(path).has_value(); }

}  // namespace rw::os
