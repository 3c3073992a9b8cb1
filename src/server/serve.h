// `runwright server`: Core over real parts.
#pragma once

#include <string>

#include "server/core.h"

namespace rw::server {

struct ServeOptions {
  std::string data;    // folder; empty: ${XDG_DATA_HOME:-~/.local/share}/runwright
  std::string listen;  // "host:port"; empty: the address of the last start, at first 127.0.0.1 and
                       // a free port
  std::string run_root;  // folder of run folders; empty: as at the last start, at first <data>/runs
  std::string container_engine;  // a path or a name; empty: podman, else docker, on PATH
  std::string env_root;  // folder of builds, shared by the servers of a machine that name it;
                         // empty: as at the last start, at first <data>/env
  int64_t finalizing_seconds = 0;  // 0: as at the last start, at first 3600
  int64_t silent_seconds = 0;      // 0: as at the last start, at first 90
  bool allow_network_fs = false;   // else a data folder on NFS, SMB, sshfs, … is refused
};

/// The folder that `data` means, absolute.
std::string DataFolder(const std::string& data);

/// Serves until SIGTERM, SIGINT or POST /api/v1/server/stop. Prints one line with the URL on
/// standard output when it serves. Returns the process's exit status, or why it cannot serve.
Result<int> Serve(const ServeOptions& options);

}  // namespace rw::server
