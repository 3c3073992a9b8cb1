#include "server/paths.h"

namespace rw::server {

Paths::Paths(std::string data_folder)
    : data(std::move(data_folder)),
      database(data + "/runwright.db"),
      lock(data + "/lock"),
      info(data + "/server.json"),
      endpoint(data + "/endpoint"),
      secrets_key(data + "/secrets.key"),
      blobs(data + "/blobs"),
      spool(data + "/spool"),
      logs(data + "/logs"),
      runs(data + "/runs"),
      env(data + "/env"),
      data_cache(data + "/cache/data") {}

std::string Paths::RunFolder(const std::string& run_id) const { return runs + "/" + run_id; }

std::string Paths::LogFile(const std::string& run_id, int64_t number) const {
  return logs + "/" + run_id + "/" + std::to_string(number) + ".log";
}

}  // namespace rw::server
