// Environments in the simulator: a lock at once, and builds that take time and room on the server's
// disk.
#pragma once

#include <string>

#include "env/testing/fake_installer.h"
#include "os/file_system.h"
#include "sim/world.h"

namespace rw::sim {

class Installer final : public env::testing::FakeInstaller {
 public:
  /// `fs`: as the server sees its disk.
  Installer(World& world, ProcessLoop& loop, os::FileSystem& fs)
      : FakeInstaller(loop), world_(world), loop_(loop), fs_(fs) {
    pythons = {{"/usr/bin/python3", "cpython", "3.11.7", "/usr/bin/python3", "/usr"}};
  }
  void Build(env::BuildRequest request, env::Progress progress,
             Done<env::BuildFacts> done) override;
  bool IsPublished(const std::string& build_id) override;
  std::string BuildFolder(const std::string& build_id) const override {
    return "/data/env/builds/" + build_id;
  }
  env::BuildUse UseOf(const std::string&) const override {
    return {"/usr/bin/python3", {}, {}, {}};
  }

 private:
  Status Write(const std::string& build_id);

  World& world_;
  ProcessLoop& loop_;
  os::FileSystem& fs_;
};

}  // namespace rw::sim
