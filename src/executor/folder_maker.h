// The blocking part of a preparation: runs on a worker, touches only the file system.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "executor/environment.h"
#include "json/value.h"

namespace rw::executor {

struct FolderJob {
  os::FileSystem& fs;
  RunFolder folder;
  std::string grant_text;
  Grant grant;
  std::string server_url;
  EnvironmentMap base_environment;
  const std::atomic<bool>& canceled;
};

struct FolderResult {
  /// Blobs to be fetched first (grant.plan.blob_dir is ""): put them below BlobFolder and begin
  /// again.
  std::vector<std::string> missing;
  json::Value error;  // RunError; null: made, state/launch included
};

/// Where blobs that came over HTTP lie until the folder is made.
std::string BlobFolder(const RunFolder& folder);

FolderResult MakeFolder(const FolderJob& job);

}  // namespace rw::executor
