// Builds on a node that does not build: fetched by content, whole or not at all, kept in a folder
// of the node's own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "cas/pack_unpacker.h"
#include "env/packed_build.h"
#include "os/file_lock.h"

namespace rw::env {

/// Blocking; from worker threads. `root` is laid out as a server's folder of builds: builds,
/// bytecode, python and locks.
class NodeBuilds {
 public:
  NodeBuilds(std::string root, std::string build_id)
      : root_(std::move(root)), build_id_(std::move(build_id)) {}

  std::string build() const { return root_ + "/builds/" + build_id_; }

  /// There and usable: its interpreter is there, no run changed it, and what was written of it
  /// before a crash of the machine does not count. A few stats, no network. Notes its use.
  bool IsThere() const;
  /// Its byte code, which may come later.
  bool HasBytecode() const;
  /// The same of a pack's own folder.
  bool IsThere(const BuildPack& pack) const;

  /// How it is best fetched: as an image where this user can mount one here. Tried in a child, a
  /// few milliseconds.
  PackForm Form(Random& random) const;

  /// Who fetches it; let go of by the holder's death. kConflict where another does.
  Result<os::FileLock> Lock() const;
  Result<os::FileLock> Lock(const BuildPack& pack) const;

  /// Something that arrives.
  struct Arrival {
    std::string part;
    std::optional<os::FileLock> held;
    std::unique_ptr<cas::PackUnpacker> unpacker;
    std::string target;
    std::string machine_python;  // that it needs, and in which version; "": none
    std::string python_version;
    bool python_is_same = false;  // the very file that it was made with, by size and time
  };
  /// Begins to unpack. `index` is verified by the pack's digest. Removes what killed ones left and,
  /// where there is no room, builds that were not used for the longest time. kCorrupt,
  /// kFailedPrecondition (the machine lacks what the build needs: says what to do), kNoSpace.
  Result<std::shared_ptr<Arrival>> Begin(const BuildPack& pack, const std::string& index,
                                         Random& random) const;
  /// kFailedPrecondition where the machine's Python is another one than the build needs. Starts it
  /// where its file is not the same; meanwhile pieces may be put.
  Status CheckPython(const Arrival& arrival) const;
  /// All pieces are put: it is published by a rename, with the write protection of a build. A mark
  /// beside it says that it is not durable yet.
  Status Publish(const BuildPack& pack, Arrival& arrival) const;
  /// Makes what was published durable; the marks go. Seconds on a slow disk.
  void Sync() const;

 private:
  std::string Target(const BuildPack& pack) const;
  bool IsWhole(const std::string& folder) const;
  Result<cas::UnpackOptions> OptionsFor(const BuildPack& pack, const cas::PackedTree& tree,
                                        Arrival* arrival) const;

  std::string root_;
  std::string build_id_;
};

}  // namespace rw::env
