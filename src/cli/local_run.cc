#include "cli/local_run.h"

#include "journal/record.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::cli {
namespace {

os::ProcessIdentity IdentityIn(const json::Value& value) {
  os::ProcessIdentity identity;
  identity.pid = static_cast<int>(value.IntOr("pid", 0));
  identity.start_ticks = static_cast<uint64_t>(value.IntOr("start_ticks", 0));
  identity.boot_id = value.StringOr("boot_id");
  return identity;
}

bool IsAlive(const os::ProcessIdentity& identity) {
  return identity.pid > 0 && identity.boot_id == os::BootId() &&
         os::PosixProcessLauncher().IsAlive(identity);
}

/// By the first record of its journal.
bool WriterIsAlive(const std::string& path) {
  auto file = os::PosixFileSystem().Open(path, os::OpenMode::kRead);
  if (!file) return false;
  std::string head(4096, '\0');
  auto size = (*file)->ReadAt(0, std::span<char>(head));
  if (!size) return false;
  head.resize(*size);
  auto batch = journal::ParseRecords(head, 0);
  if (batch.records.empty()) return false;
  auto body = json::Parse(batch.records[0].body);
  return body && IsAlive(IdentityIn(*body));
}

}  // namespace

std::string LocalRunsFolder(const client::Surroundings& here) {
  if (!here.Variable("RUNWRIGHT_OFFLINE_DIR").empty()) {
    return here.Absolute(here.Variable("RUNWRIGHT_OFFLINE_DIR"));
  }
  std::string state = here.Variable("XDG_STATE_HOME");
  if (state.empty()) state = here.Home() + "/.local/state";
  return state + "/runwright/runs";
}

Result<LocalRun> ReadLocalRun(const std::string& folder) {
  auto text = os::ReadFile(os::PosixFileSystem(), os::JoinPath(folder, "run.json"));
  auto info = text ? json::Parse(*text) : Result<json::Value>(text.error());
  if (!info || !info->is_object()) {
    return Error(Code::kFailedPrecondition,
                 folder + " is not the folder of a run: " +
                     (info ? "run.json is no object" : info.error().message()),
                 "dir");
  }
  std::string kind = info->StringOr("kind");
  if (kind == "interactive" || kind == "offline") return LocalRun{folder, *std::move(info)};
  return Error(Code::kFailedPrecondition,
               folder + " is the folder of a submitted run: its executor ships what it logs",
               "dir");
}

Result<std::vector<std::string>> LocalRunFolders(const std::string& folder) {
  os::FileSystem& fs = os::PosixFileSystem();
  if (os::Exists(fs, os::JoinPath(folder, "run.json"))) return std::vector<std::string>{folder};
  std::vector<std::string> folders;
  for (const os::DirEntry& entry : TRY(fs.List(folder))) {
    std::string path = os::JoinPath(folder, entry.name);
    if (os::Exists(fs, os::JoinPath(path, "run.json"))) folders.push_back(std::move(path));
  }
  return folders;
}

Result<std::vector<std::string>> JournalWriters(const LocalRun& run) {
  std::vector<std::string> writers;
  auto entries = os::PosixFileSystem().List(run.JournalFolder());
  if (!entries && entries.error().code() == Code::kNotFound) return writers;
  if (!entries) return entries.error();
  for (const os::DirEntry& entry : *entries) {
    std::string_view name = entry.name;
    if (name.ends_with(".rwj")) writers.emplace_back(name.substr(0, name.size() - 4));
  }
  return writers;
}

Writers WritersOf(const LocalRun& run, const std::string& host) {
  if (run.info.StringOr("host") != host) return Writers::kElsewhere;
  if (IsAlive(IdentityIn(run.info))) return Writers::kAlive;
  auto writers = JournalWriters(run);
  if (!writers) return Writers::kGone;
  for (const std::string& writer : *writers) {
    if (WriterIsAlive(run.JournalFolder() + "/" + writer + ".rwj")) return Writers::kAlive;
  }
  return Writers::kGone;
}

}  // namespace rw::cli
