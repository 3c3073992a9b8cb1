// What a dead supervisor left in its run's folder and nobody shipped: journals and the script's
// log. For when no executor will do it any more.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "server/log_store.h"
#include "server/server_context.h"

namespace rw::server {

class Salvage : public std::enable_shared_from_this<Salvage> {
 public:
  /// Reads from `folder` (of the run, on this machine) on behalf of the run's allocation, which is
  /// still the current one. `done` in any case, after what was found is durable.
  static void Start(ServerContext& context, LogStore& logs, const std::string& run_id,
                    const std::string& folder, Task done);

 private:
  struct Source {
    std::string path;
    std::string name;  // of the log, or the writer of the journal
    bool is_log = false;
    int64_t offset = 0;
  };
  Salvage(ServerContext& context, LogStore& logs, std::string run_id, std::string folder,
          Task done);

  void Find();
  void Next();
  void ReadPiece();
  void Ship(std::string bytes);
  void Shipped(const Result<int64_t>& acked);

  ServerContext& context_;
  LogStore& logs_;
  std::string run_id_;
  std::string folder_;
  Task done_;
  std::deque<Source> sources_;
};

}  // namespace rw::server
