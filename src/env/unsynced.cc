#include "env/unsynced.h"

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::env {
namespace {
using os::PosixFileSystem;
constexpr std::string_view kPrefix = ".unsynced-";
constexpr uint64_t kMostNote = 4096;

std::string NoteOf(const std::string& build_folder) {
  std::string name(kPrefix);
  name += os::BaseName(build_folder);
  return os::JoinPath(os::DirName(build_folder), name);
}

/// "<boot id> <making>\n"
std::string ReadNote(const std::string& build_folder) {
  return os::ReadFile(PosixFileSystem(), NoteOf(build_folder), kMostNote).value_or("");
}

std::string NoteText(const std::string& making) { return os::BootId() + " " + making + "\n"; }

bool IsOfThisBoot(std::string_view note) { return note.starts_with(os::BootId() + " "); }
}  // namespace

Status NoteUnsynced(const std::string& build_folder, const std::string& making) {
  TRY(PosixFileSystem().MakeDirs(os::DirName(build_folder), 0700));
  return os::WriteFileAtomically(PosixFileSystem(), NoteOf(build_folder), NoteText(making), 0600);
}

Status NoteUnsyncedInOrder(const std::string& build_folder, const std::string& making) {
  auto note = TRY(PosixFileSystem().Open(NoteOf(build_folder), os::OpenMode::kTruncate, 0600));
  return note->WriteAt(0, NoteText(making));
}

Status SyncBuild(const std::string& build_folder) {
  std::string note = ReadNote(build_folder);
  if (note.empty()) return Ok();
  TRY(PosixFileSystem().SyncAll(os::DirName(build_folder)));
  if (note != ReadNote(build_folder)) return Ok();
  return PosixFileSystem().Remove(NoteOf(build_folder));
}

bool MayBeTorn(const std::string& build_folder) {
  return os::Exists(PosixFileSystem(), NoteOf(build_folder)) &&
         !IsOfThisBoot(ReadNote(build_folder));
}

std::vector<std::string> UnsyncedBuilds(const std::string& builds_folder) {
  std::vector<std::string> out;
  auto entries = PosixFileSystem().List(builds_folder);
  if (!entries) return out;
  for (const os::DirEntry& entry : *entries) {
    if (!entry.name.starts_with(kPrefix)) continue;
    std::string build = os::JoinPath(builds_folder, entry.name.substr(kPrefix.size()));
    if (!MayBeTorn(build)) out.push_back(std::move(build));
  }
  return out;
}

}  // namespace rw::env
