// The data folder.
#pragma once

#include <cstdint>
#include <string>

namespace rw::server {

struct Paths {
  explicit Paths(std::string data_folder);
  std::string data;      // absolute
  std::string database;  // runwright.db
  std::string lock;      // flock; holds the server's pid
  std::string info;      // server.json: url, pid, started
  std::string endpoint;  // the present URL, one line; executors read it again when nobody answers
  std::string secrets_key;  // what secrets at rest are sealed with, 0600
  std::string blobs;
  std::string spool;  // request bodies on their way in
  std::string logs;
  std::string runs;
  std::string env;
  std::string data_cache;  // what libraries in runs download once; never collected

  /// <data>/runs/<run id>
  std::string RunFolder(const std::string& run_id) const;
  /// <data>/logs/<run id>/<number>.log
  std::string LogFile(const std::string& run_id, int64_t number) const;
};

}  // namespace rw::server
