// config.json: which workspace a folder belongs to. Azure's own files work as they are.
#pragma once

#include <optional>
#include <string>

#include "client/credentials.h"

namespace rw::client {

struct ConfigFile {
  std::string path;
  WorkspaceKeys keys;
  std::string server;  // "" in a file of Azure's own
};

/// config.json, .azureml/config.json or aml_config/config.json in `folder`, then in each parent.
/// One that names no workspace belongs to another program and is passed over.
Result<std::optional<ConfigFile>> FindConfig(const std::string& folder);

/// kInvalidArgument naming the file when it is not JSON or lacks a key.
Result<ConfigFile> ReadConfig(const std::string& path);

/// An equal file stays as it is; a different one is never overwritten (kConflict says what
/// differs).
Status WriteConfig(const ConfigFile& config);

}  // namespace rw::client
