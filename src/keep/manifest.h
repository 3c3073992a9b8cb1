// A backup folder (docs/dev/formats/backup.md): what is in it, and that it is whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json/value.h"
#include "os/file_system.h"

namespace rw::keep {

struct BackupLog {
  std::string path;  // logs/<run>/<number>.log
  std::string sha256;
  uint64_t bytes = 0;  // of a file that may have grown since: its first bytes
};

/// What a backup could not have: named by who names it.
struct Problem {
  std::string what;  // "'outputs/m.pkl' of run digits_1"
  std::string why;
};
json::Value ToJson(const std::vector<Problem>& problems);

struct Manifest {
  std::string created_time;
  std::string source;         // data folder
  std::string database_file;  // runwright-<12 hex digits of its hash>.db
  std::string database_sha256;
  uint64_t database_bytes = 0;
  std::string logs_file;  // logs-<12 hex digits of its hash>.txt: hash, size and path a line
  std::string logs_sha256;
  uint64_t logs = 0;
  uint64_t log_bytes = 0;
  uint64_t blobs = 0;
  uint64_t blob_bytes = 0;
  std::string secrets_key_sha256;  // "" where there is none
  std::vector<Problem> problems;
};

constexpr const char* kManifestFile = "backup.json";
json::Value ToJson(const Manifest& manifest);
/// kNotFound where `folder` is no finished backup; kUnsupported for a newer format.
Result<Manifest> LoadManifest(os::FileSystem& fs, const std::string& folder);

std::string WriteLogList(const std::vector<BackupLog>& logs);
/// kCorrupt names the line.
Result<std::vector<BackupLog>> ParseLogList(std::string_view text);

}  // namespace rw::keep
