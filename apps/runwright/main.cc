// One program; its first argument picks the role. The executor starts with every run, so it is
// found before anything of the command line is built.
#include "cli/main.h"

#include <string_view>

#include "executor/main.h"
#include "server/serve.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "executor")
    return rw::executor::Main(argc - 1, argv + 1);
  rw::cli::Roles roles{
      .serve =
          [](const rw::cli::ServerOptions& o) {
            return rw::server::Serve({.data = o.data,
                                      .listen = o.listen,
                                      .run_root = o.run_root,
                                      .container_engine = o.container_engine,
                                      .env_root = o.env_root,
                                      .finalizing_seconds = o.finalizing_seconds,
                                      .silent_seconds = o.silent_seconds,
                                      .allow_network_fs = o.allow_network_fs});
          },
  };
  return rw::cli::Main(argc, argv, roles);
}
