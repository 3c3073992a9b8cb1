#include "sim/installer.h"

namespace rw::sim {
namespace {
constexpr size_t kBuildBytes = 30'000;
}  // namespace

bool Installer::IsPublished(const std::string& build_id) {
  return os::Exists(fs_, BuildFolder(build_id) + "/package");
}

/// Whole or not at all: made beside, synced, renamed.
Status Installer::Write(const std::string& build_id) {
  std::string part = BuildFolder(".part-" + build_id);
  auto made = [&]() -> Status {
    TRY(fs_.RemoveTree(part));
    TRY(fs_.MakeDirs(part));
    auto file = TRY(fs_.Open(part + "/package", os::OpenMode::kCreateNew));
    TRY(file->WriteAt(0, std::string(kBuildBytes, 'p')));
    TRY(fs_.SyncAll(part));
    TRY(fs_.Rename(part, BuildFolder(build_id)));
    return fs_.SyncDir("/data/env/builds");
  }();
  if (!made) (void)fs_.RemoveTree(part);
  return made;
}

void Installer::Build(env::BuildRequest request, env::Progress progress,
                      Done<env::BuildFacts> done) {
  builds++;
  progress.Log("Building\n");
  int64_t takes = 1000 + static_cast<int64_t>(world_.random.Below(400'000));
  loop_.After("build", std::chrono::microseconds(takes),
              [this, id = request.build_id, done = std::move(done)] {
                Status made = Write(id);
                if (!made && made.error().code() == Code::kNoSpace)
                  world_.coverage.Hit("build:no-room");
                if (!made) return done(made.error());
                world_.coverage.Hit("build:published");
                done(env::BuildFacts{kBuildBytes});
              });
}

}  // namespace rw::sim
