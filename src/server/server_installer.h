// What makes a server's environments: uv, conda and images behind one installer.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "env/installer.h"
#include "server/paths.h"
#include "server/server_context.h"

namespace rw::server {

/// Into `paths.env`, whose builds other servers use as well where `shared`. `container_engine`: ""
/// for the one that is found. Loop and pool outlive it.
std::unique_ptr<env::Installer> MakeServerInstaller(Loop& loop, WorkerPool& pool,
                                                    const CoreOptions& options, const Paths& paths,
                                                    const std::string& container_engine,
                                                    bool shared);

}  // namespace rw::server
