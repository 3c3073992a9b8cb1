// Live logs: files that grow by shipped pieces, durable before their size is told to anybody.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/fence.h"
#include "server/server_context.h"

namespace rw::server {

struct LogSize {
  std::string name;
  int64_t size = 0;
};

/// On the loop's thread. Pieces of one log are taken one after another.
class LogStore {
 public:
  explicit LogStore(ServerContext& context) : context_(context) {}
  ~LogStore() { *alive_ = false; }

  /// The acked size, after bytes and size are durable. `gap` where `offset` lies beyond what is
  /// there: nothing was written then. Bytes that are there already are not written again.
  struct Written {
    int64_t acked = 0;
    bool gap = false;
  };
  using Done = std::function<void(Result<Written>)>;
  void Write(const std::string& run_id, const std::string& name, int64_t offset, net::Body body,
             FenceClaim fence, Done done);
  /// At the end, by the server itself.
  void Append(const std::string& run_id, const std::string& name, std::string bytes);
  /// `task` after what was appended to the log so far is durable, or has failed.
  void AfterAppends(const std::string& run_id, const std::string& name, Task task);

  /// Logs of a run with their durable sizes, by name.
  Result<std::vector<LogSize>> Sizes(const std::string& run_id);
  /// Up to `most` bytes of what is durable from `offset` on.
  Result<std::string> Read(const std::string& run_id, const std::string& name, int64_t offset,
                           size_t most);

  /// The run ended: its files are closed as soon as nobody writes.
  void Close(const std::string& run_id);

 private:
  struct Piece {
    int64_t offset;  // -1: at the end
    net::Body body;
    FenceClaim fence;
    Done done;
  };
  struct Log {
    int64_t number = 0;
    int64_t size = 0;
    bool is_new = false;  // no row yet
    std::shared_ptr<os::File> file;
    std::deque<Piece> queue;
    bool busy = false;
  };
  struct RunLogs {
    int64_t run_row = 0;
    std::map<std::string, Log> logs;
    bool closing = false;
  };
  Result<RunLogs*> Load(const std::string& run_id);
  Result<Log*> Find(const std::string& run_id, const std::string& name, bool make);
  void Pump(const std::string& run_id, const std::string& name);
  void Store(const std::string& run_id, const std::string& name, Piece piece, std::string bytes);
  void CommitSize(const std::string& run_id, const std::string& name, int64_t size,
                  FenceClaim fence, Done done);
  void Finish(const std::string& run_id, const std::string& name, Result<Written> result,
              const Done& done);

  ServerContext& context_;
  std::map<std::string, RunLogs> runs_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
