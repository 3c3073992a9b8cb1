// `runwright executor RUN_DIR`, started by runwright-shim with its link as descriptor 3.
#pragma once

namespace rw::executor {

/// argv[1] is the run's folder. Returns the exit status: 0 when there is nothing left to do.
int Main(int argc, char** argv);

}  // namespace rw::executor
