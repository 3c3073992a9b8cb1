// `runwright executor RUN_DIR` alone, for tests.
#include "executor/main.h"

int main(int argc, char** argv) { return rw::executor::Main(argc, argv); }
