// Sending folders and files, with progress where a person looks.
#pragma once

#include <string>

#include "cas/snapshot_upload.h"
#include "cli/context.h"

namespace rw::cli {

/// Reads and hashes a source folder, telling on standard error of what takes long, and of more than
/// 300 MB. kTooLarge over the limit (10 GiB) unless `allow_large`.
Result<cas::Snapshot> BuildSnapshotOf(Context& context, const std::string& folder,
                                      bool allow_large);
/// Sends what the server lacks.
Status Upload(Context& context, client::Api& api, const cas::Snapshot& snapshot);

/// A file, or a folder with everything below it, as stored blobs: [{path, digest, size}], paths
/// beginning with the last name of `path`.
Result<json::Value> UploadFiles(Context& context, client::Api& api, const std::string& path);

}  // namespace rw::cli
