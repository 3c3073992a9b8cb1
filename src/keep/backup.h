// A copy of a data folder that a server may be writing to, and the way back.
#pragma once

#include <string>

#include "keep/manifest.h"

namespace rw::keep {

struct BackupReport {
  Manifest manifest;
  uint64_t new_blobs = 0;  // the others were in the backup already
  uint64_t new_blob_bytes = 0;
  uint64_t removed_files = 0;  // that nothing names any more
};

/// The database first, then what the copy names: everything it names is in the backup, since blobs
/// and log bytes are durable before the row that names them. A repeat to the same folder copies
/// what is new. The backup that was there before stays whole until the new one is. What cannot be
/// copied because it is damaged or gone in the data folder is among the manifest's problems.
Result<BackupReport> Backup(os::FileSystem& fs, const std::string& data, const std::string& to,
                            int64_t now_us);

struct RestoreReport {
  Manifest manifest;
  uint64_t blobs = 0;
  uint64_t blob_bytes = 0;
  std::vector<Problem> problems;  // of the backup; what was missing when it was made is among them
};

/// `data` is absent or an empty folder; it appears when all of it is there, verified by hash and by
/// SQLite's quick check. kCorrupt where the backup is damaged, unless `partial`: then what is whole
/// is restored.
Result<RestoreReport> Restore(os::FileSystem& fs, const std::string& from, const std::string& data,
                              bool partial);

}  // namespace rw::keep
