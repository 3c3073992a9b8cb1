#include "env/node_builds.h"

#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "cas/image_writer.h"
#include "env/build_folder.h"
#include "env/build_manifest.h"
#include "env/bytecode.h"
#include "env/node_room.h"
#include "env/shared_builds.h"
#include "env/unsynced.h"
#include "os/file_system.h"
#include "os/namespaces.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw::env {
namespace {

using os::PosixFileSystem;
constexpr int64_t kVersionTimeoutMs = 30'000;

std::string Short(const std::string& build_id) { return build_id.substr(0, 12); }

/// `found`: what there is in place of the Python that a build needs.
Error WrongPython(const std::string& build_id, const NodeBuilds::Arrival& arrival,
                  const std::string& found) {
  return {Code::kFailedPrecondition,
          "build " + Short(build_id) + " needs Python " + arrival.python_version + " at " +
              arrival.machine_python + ", and this node has " + found +
              ". Install it there, or ask for a Python version that no machine has installed: uv "
              "then fetches one, which travels with the build"};
}

std::string NoteOf(const cas::PackedTree& tree, const std::string& name) {
  auto at = tree.notes.find(name);
  return at == tree.notes.end() ? "" : at->second;
}

}  // namespace

std::string NodeBuilds::Target(const BuildPack& pack) const {
  switch (pack.kind) {
    case PackKind::kPython:
      return root_ + "/python/" + pack.facts.digest.Hex();
    case PackKind::kBytecode:
      return BytecodeFolder(build());
    case PackKind::kBuild:
      break;
  }
  return build();
}

bool NodeBuilds::IsWhole(const std::string& folder) const {
  return os::Exists(PosixFileSystem(), folder) && !MayBeTorn(folder);
}

bool NodeBuilds::IsThere() const {
  if (access((build() + "/bin/python").c_str(), X_OK) != 0 || !IsWhole(build()) ||
      IsMarkedChanged(PosixFileSystem(), build()))
    return false;
  auto used = PosixFileSystem().Open(BuildLockPath(build()), os::OpenMode::kReadWrite, 0600);
  if (!used || !(*used)->WriteAt(0, "used\n")) LOG_WARN("env.use_not_noted", {"build", build_id_});
  return true;
}

bool NodeBuilds::HasBytecode() const { return IsWhole(BytecodeFolder(build())); }

bool NodeBuilds::IsThere(const BuildPack& pack) const {
  return pack.kind == PackKind::kBuild ? IsThere() : IsWhole(Target(pack));
}

PackForm NodeBuilds::Form(Random& random) const {
  os::FileSystem& fs = PosixFileSystem();
  std::string part = NewPart(root_ + "/builds", random);
  auto held = HoldPart(part);
  bool made = held && fs.MakeDirs(part + "/mount") && fs.MakeDirs(part + "/upper") &&
              fs.MakeDirs(part + "/work") && cas::WriteImage(part + "/mount", part + "/image", {});
  bool mounts =
      made && os::ImageMounts(part + "/image", part + "/mount", part + "/upper", part + "/work");
  (void)fs.RemoveTree(part);
  return mounts ? PackForm::kImage : PackForm::kFiles;
}

Result<os::FileLock> NodeBuilds::Lock() const {
  TRY(PosixFileSystem().MakeDirs(root_ + "/locks", 0700));
  return os::FileLock::Try(BuildLockPath(build()));
}

Result<os::FileLock> NodeBuilds::Lock(const BuildPack& pack) const {
  TRY(PosixFileSystem().MakeDirs(root_ + "/locks", 0700));
  return os::FileLock::Try(root_ + "/locks/" + pack.facts.digest.Hex());
}

Result<cas::UnpackOptions> NodeBuilds::OptionsFor(const BuildPack& pack,
                                                  const cas::PackedTree& tree,
                                                  Arrival* arrival) const {
  cas::UnpackOptions out;
  std::string python = NoteOf(tree, kPackedPythonNote);
  std::string python_folder = root_ + "/python/" + python;
  if (pack.kind == PackKind::kPython) python_folder = Target(pack);
  for (const auto& [name, path] : tree.notes) {
    if (name.starts_with(std::string(kMovedNote) + "build")) out.moved.emplace_back(path, build());
    if (name.starts_with(std::string(kMovedNote) + "python"))
      out.moved.emplace_back(path, python_folder);
    if (name.starts_with(kEditableNote) && !os::Exists(PosixFileSystem(), path))
      return Error(Code::kFailedPrecondition,
                   "build " + Short(build_id_) + " has a package that is edited in place in " +
                       path +
                       ", and this node has no such folder. Share it with the node, or "
                       "install the package without '-e'");
  }
  if (pack.kind != PackKind::kBuild) return out;
  if (NoteOf(tree, kPackedBuildNote) != build_id_)
    return Error(Code::kCorrupt, "the pack is of another build than " + Short(build_id_));
  if (!python.empty()) return out;
  arrival->machine_python = NoteOf(tree, kMachinePythonNote);
  arrival->python_version = NoteOf(tree, kPythonVersionNote);
  if (access(arrival->machine_python.c_str(), X_OK) != 0)
    return WrongPython(build_id_, *arrival, "none");
  out.outside.push_back(arrival->machine_python);
  arrival->python_is_same = FileFacts(arrival->machine_python) == NoteOf(tree, kPythonFileNote);
  return out;
}

Status NodeBuilds::CheckPython(const Arrival& arrival) const {
  if (arrival.machine_python.empty() || arrival.python_is_same) return Ok();
  os::LaunchSpec spec;
  spec.argv = {arrival.machine_python, "-I", "-S", "-c",
               "import sys; print('%d.%d.%d' % sys.version_info[:3])"};
  spec.working_dir = "/";
  auto result = os::RunCommand(spec, kVersionTimeoutMs);
  std::string found(result ? Trim(result->out) : result.error().message());
  if (found == arrival.python_version) return Ok();
  return WrongPython(build_id_, arrival, found.empty() ? "one that does not start" : found);
}

Result<std::shared_ptr<NodeBuilds::Arrival>> NodeBuilds::Begin(const BuildPack& pack,
                                                               const std::string& index,
                                                               Random& random) const {
  std::string what(PackKindName(pack.kind));
  if (cas::Digest::Of(index) != pack.facts.digest)
    return Error(Code::kCorrupt, "the index of the pack (" + what + ") of build " +
                                     Short(build_id_) + " arrived with other bytes");
  auto tree = TRY(cas::DecodeIndex(index));
  if (tree.content_bytes != pack.facts.content_bytes)
    return Error(Code::kCorrupt, "the pack (" + what + ") of build " + Short(build_id_) +
                                     " has another size than its index");
  auto arrival = std::make_shared<Arrival>();
  arrival->target = Target(pack);
  std::string folder = os::DirName(arrival->target);
  TRY(PosixFileSystem().MakeDirs(folder, 0700));
  RemoveLeftovers(Leftovers(folder, false));
  TRY(MakeRoomForBuild(root_, build_id_, tree.content_bytes, tree.entries.size()));
  auto options = TRY(OptionsFor(pack, tree, arrival.get()));
  arrival->part = NewPart(folder, random);
  arrival->held = TRY(HoldPart(arrival->part));
  arrival->unpacker = TRY(cas::PackUnpacker::Begin(std::move(tree), arrival->part + "/environment",
                                                   std::move(options)));
  return arrival;
}

Status NodeBuilds::Publish(const BuildPack& pack, Arrival& arrival) const {
  os::FileSystem& fs = PosixFileSystem();
  std::string made = arrival.unpacker->folder();
  TRY(arrival.unpacker->Finish());
  if (pack.kind == PackKind::kBuild) TRY(WriteManifest(fs, made, arrival.unpacker->tree()));
  if (os::Exists(fs, arrival.target)) TRY(RemoveBuild(arrival.target));
  // Before the rename, and so on the disk before it: a folder without the mark is whole.
  TRY(NoteUnsyncedInOrder(arrival.target, "fetched"));
  TRY(fs.Rename(made, arrival.target));
  if (pack.kind == PackKind::kBuild) TRY(RemoveChangedMark(fs, arrival.target));
  return fs.RemoveTree(arrival.part);
}

void NodeBuilds::Sync() const {
  std::vector<std::string> fetched = UnsyncedBuilds(root_ + "/python");
  fetched.push_back(build());
  fetched.push_back(BytecodeFolder(build()));
  for (const std::string& folder : fetched) {
    Status synced = SyncBuild(folder);
    if (!synced)
      LOG_WARN("env.fetched_unsynced", {"folder", folder}, {"error", synced.error().message()});
  }
}

}  // namespace rw::env
