// exec.sock: the server's API for the processes of a run, authorized by the executor's own
// credentials. What they flush is answered here, since only the executor knows what it still has to
// send.
#pragma once

#include <memory>

#include "executor/executor.h"
#include "net/relay.h"

namespace rw::executor {

/// After the executor was granted its run (Executor::server() is not null). Serves until destroyed;
/// `executor` outlives it.
Result<std::unique_ptr<net::Relay>> ServeRun(net::AsioLoop& loop, Executor& executor,
                                             const std::string& socket_path);

}  // namespace rw::executor
