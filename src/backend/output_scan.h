// Which files below work/outputs and work/logs of a run's folder are there, and what is known of
// each. For executors, and for the server where a run has none any more.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/value.h"
#include "os/file_system.h"

namespace rw::backend {

/// What tells one state of a file from another without reading it.
struct FileStamp {
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

/// Nobody wrote the file in between. The ctime does not count: a new link or mode is no writing.
bool IsSameContent(const FileStamp& before, const FileStamp& now);

/// By name below the working folder ("outputs/model.pt"). Links count when they lead to a regular
/// file below the working folder; other links, sockets and names that cannot be stored are left
/// out, the latter two with a problem ("NAME was not stored: …").
struct OutputScan {
  std::map<std::string, FileStamp> files;
  std::vector<std::string> problems;
};
OutputScan ScanOutputs(os::FileSystem& fs, const std::string& work);

struct OutputFile {
  std::string path;  // of the file itself where the name is a link
  FileStamp stamp;
};
/// The file of a name now. kNotFound when it is gone, kUnsupported for what is left out with a
/// problem.
Result<OutputFile> OutputFileOf(os::FileSystem& fs, const std::string& work,
                                const std::string& name);

/// SHA-256 of a file's bytes, in hex.
Result<std::string> HashFile(os::FileSystem& fs, const std::string& path);

/// What was shipped, and what the snapshot brought along, in state/outputs.json. A cache but for
/// the baseline.
struct OutputRecord {
  struct Shipped {
    FileStamp stamp;
    std::string digest;
  };
  std::map<std::string, Shipped> baseline;
  std::map<std::string, Shipped> shipped;

  /// It was shipped, and nobody touched it since.
  bool HasStamp(const std::string& name, const FileStamp& stamp) const;
  /// Such content need not be shipped: it was, or the snapshot brought it and nobody wrote it.
  bool IsStored(const std::string& name, const FileStamp& stamp, const std::string& digest) const;

  /// Empty where there is none.
  static OutputRecord Load(os::FileSystem& fs, const std::string& path);
  std::string Text() const;
};

}  // namespace rw::backend
