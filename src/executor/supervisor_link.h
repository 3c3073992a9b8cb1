// The real shim, over the SOCK_SEQPACKET socket that an executor gets as descriptor 3.
#pragma once

#include <memory>
#include <string>

#include "executor/run_folder.h"
#include "executor/supervisor.h"

namespace rw::net {
class AsioLoop;
}

namespace rw::executor {

/// `fd` is ours from now on. kInvalidArgument when it is no such socket: the executor was not
/// started by a shim.
Result<std::unique_ptr<Supervisor>> MakeSupervisorLink(net::AsioLoop& loop, int fd,
                                                       RunFolder folder);

}  // namespace rw::executor
