// Live logs: files that grow by shipped pieces. Followers see a piece as soon as it is here; it is
// acked when it is durable. A disk that stalls delays acks, not what people watch.
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
  /// Shows `bytes` from `offset` on to followers: nothing is stored, and they are gone with a
  /// restart or a failed write; whoever sends them ships them too. The offset up to which followers
  /// see the log; bytes behind a gap, or more than a few MiB of them, are left out.
  Result<int64_t> Preview(const std::string& run_id, const std::string& name, int64_t offset,
                          const net::Body& body);
  /// At the end, by the server itself.
  void Append(const std::string& run_id, const std::string& name, std::string bytes);
  /// `task` after what was appended to the log so far is durable, or has failed.
  void AfterAppends(const std::string& run_id, const std::string& name, Task task);

  /// Logs of a run by name, with the sizes that followers see.
  Result<std::vector<LogSize>> Sizes(const std::string& run_id);
  /// Up to `most` bytes of what followers see from `offset` on; fewer also where the durable part
  /// ends.
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
    int64_t size = 0;     // durable
    std::string shown;    // what followers see beyond `size`
    bool is_new = false;  // no row yet

    int64_t visible() const { return size + static_cast<int64_t>(shown.size()); }
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
  void Show(const std::string& run_id, const std::string& name, std::string_view bytes);
  void Store(const std::string& run_id, const std::string& name, Piece piece, std::string bytes);
  void CommitSize(const std::string& run_id, const std::string& name, int64_t size,
                  const FenceClaim& fence, Done done);
  void Finish(const std::string& run_id, const std::string& name, Result<Written> result,
              const Done& done);

  ServerContext& context_;
  std::map<std::string, RunLogs> runs_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
