// What handlers and reconcilers work with. One object, owned by Core, passed by reference.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"
#include "cas/folder_blob_store.h"
#include "cas/snapshot_reader.h"
#include "db/connection.h"
#include "db/readers.h"
#include "db/writer.h"
#include "env/profile.h"
#include "os/file_system.h"
#include "server/auth.h"
#include "server/call.h"
#include "server/content.h"
#include "server/event_hub.h"
#include "server/logging_process.h"
#include "server/paths.h"
#include "server/server_stats.h"

namespace rw::server {

/// What the machine says at this moment.
struct HostFacts {
  uint64_t resident_bytes = 0;  // of this process
  uint64_t disk_free_bytes = 0;
  uint64_t disk_size_bytes = 0;
};

/// Facts and settings of this server; set by whoever creates Core.
struct CoreOptions {
  std::string url = "http://127.0.0.1";  // where it is reached; known once it listens
  std::string version = "0.1.0";
  int64_t pid = 0;
  int cores = 1;         // of the machine; `local` runs max(4, cores) at once
  std::string program;   // absolute path of `runwright`; the shim and uv lie beside it
  std::string sdk_path;  // PYTHONPATH entry with `azureml` and `runwright`
  std::string default_python = "python3";
  std::shared_ptr<const env::Profiles> profiles;  // may be null: nothing is known of packages
  std::function<HostFacts()> host_facts;          // may be empty (simulator, tests)
  /// Of the disk that holds a path, be it there or not. May be empty.
  std::function<uint64_t(const std::string& path)> free_bytes;
  /// Where the process of an interactive run is, as far as this machine can tell; from any thread.
  /// May be empty: nothing is known then.
  std::function<backend::Life(const LoggingProcess&)> life_of_process;
  int64_t finalizing_seconds = 3600;  // bound on collecting what a run left
  int64_t silent_seconds = 90;        // without a word of its executor a run is NotResponding
};

struct ServerContext {
  Loop& loop;
  WorkerPool& pool;
  Clock& clock;
  Random& random;
  os::FileSystem& fs;
  db::Connection& read;  // query-only, on the loop's thread; sees what is committed
  db::Readers* readers;  // for ReadAside
  db::Writer& writer;
  cas::FolderBlobStore& blobs;    // blocks on the disk: from the pool, but for Size
  cas::ClosureChecker& closures;  // from the pool
  VerifiedBlobs& verified;        // from the pool
  EventHub& events;
  ServerStats& stats;
  Auth& auth;
  const Paths& paths;
  CoreOptions& options;

  int64_t NowMicros() const { return clock.WallMicros(); }
};

/// A long read: `work` on a worker with a connection of its own, then `done` on the loop. Where
/// there is one connection only, both on the loop, after what was posted before.
void ReadAside(ServerContext& context, std::string_view name,
               std::function<Status(db::Connection&)> work, std::function<void(Status)> done);

/// Runs inside the writer's transaction, on the writer's thread: nothing of the loop may be
/// touched.
using WriteOperation = std::function<Result<net::Response>(db::Connection&)>;
/// Answers with what `operation` made, after its COMMIT; with its error (nothing is changed)
/// otherwise. A run's token counts only while its allocation is the run's current one: else 409
/// fenced (server/fence.h). `committed` runs on the loop just before a successful answer.
void CommitAndAnswer(ServerContext& context, std::string_view name, CallPtr call,
                     WriteOperation operation, std::function<void()> committed = {});
/// The same without that check.
void CommitUnfencedAndAnswer(ServerContext& context, std::string_view name, CallPtr call,
                             WriteOperation operation, std::function<void()> committed = {});

}  // namespace rw::server
