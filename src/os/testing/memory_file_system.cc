#include "os/testing/memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "os/paths.h"
#include "os/testing/memory_nodes.h"

namespace rw::os::testing {
namespace {

using Node = MemoryFileSystem::Node;
using State = MemoryFileSystem::State;

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<State> state, std::shared_ptr<Node> node, std::string path)
      : state_(std::move(state)), node_(std::move(node)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    TRY(state_->Check("read", path_));
    const std::string& bytes = node_->bytes;
    if (offset >= bytes.size()) return size_t{0};
    size_t n = std::min<size_t>(out.size(), bytes.size() - offset);
    std::memcpy(out.data(), bytes.data() + offset, n);
    return n;
  }

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    TRY(state_->Check("write", path_));
    if (node_->orphaned) return Ok();
    if (offset + bytes.size() > node_->bytes.size())
      TRY(state_->Resize(*node_, offset + bytes.size(), path_));
    node_->bytes.replace(offset, bytes.size(), bytes);
    Touch();
    return Ok();
  }

  Status Append(std::string_view bytes) override { return WriteAt(node_->bytes.size(), bytes); }

  Status Sync() override {
    TRY(state_->Check("sync", path_));
    if (node_->dirty) node_->durable = node_->bytes;
    node_->dirty = false;
    return Ok();
  }

  Status Truncate(uint64_t size) override {
    TRY(state_->Check("truncate", path_));
    TRY(state_->Resize(*node_, size, path_));
    Touch();
    return Ok();
  }

  Result<uint64_t> Size() override { return uint64_t{node_->bytes.size()}; }

 private:
  void Touch() {
    node_->dirty = true;
    node_->changed = ++state_->changes;
  }
  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  std::string path_;
};

bool IsBelow(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.compare(0, folder.size(), folder) == 0 &&
         path[folder.size()] == '/';
}

}  // namespace

MemoryFileSystem::MemoryFileSystem(Random* random) : state_(std::make_shared<State>()) {
  state_->random = random;
}
MemoryFileSystem::~MemoryFileSystem() = default;

Result<std::unique_ptr<File>> MemoryFileSystem::Open(const std::string& path, OpenMode mode,
                                                     uint32_t permissions) {
  TRY(state_->Check("open", path));
  auto node = state_->Find(path);
  if (node && node->type == FileType::kDirectory && mode != OpenMode::kRead)
    return ErrnoError(EISDIR, "open " + path);
  if (node && mode == OpenMode::kCreateNew) return ErrnoError(EEXIST, "open " + path);
  if (!node) {
    if (mode == OpenMode::kRead) return ErrnoError(ENOENT, "open " + path);
    TRY(state_->RequireParent(path));
    node = state_->Add(path, FileType::kRegular, permissions);
  } else if (mode == OpenMode::kTruncate) {
    TRY(state_->Resize(*node, 0, path));
    node->dirty = true;
    node->changed = ++state_->changes;
  }
  return std::unique_ptr<File>(new MemoryFile(state_, node, path));
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  TRY(state_->Check("rename", to));
  auto node = state_->Find(from);
  if (!node) return ErrnoError(ENOENT, "rename to " + to);
  TRY(state_->RequireParent(to));
  if (state_->HasChildren(to)) return ErrnoError(ENOTEMPTY, "rename to " + to);
  State::Names moved;
  for (auto it = state_->names.begin(); it != state_->names.end();) {
    if (it->first == from || IsBelow(it->first, from)) {
      moved[to + it->first.substr(from.size())] = it->second;
      it = state_->names.erase(it);
    } else {
      ++it;
    }
  }
  bool replaced = state_->names.contains(to);
  for (auto& [path, moved_node] : moved) state_->names[path] = moved_node;
  if (replaced) state_->CountUsed();
  return Ok();
}

Status MemoryFileSystem::Remove(const std::string& path) {
  TRY(state_->Check("remove", path));
  if (!state_->Find(path)) return ErrnoError(ENOENT, "remove " + path);
  if (state_->HasChildren(path)) return ErrnoError(ENOTEMPTY, "remove " + path);
  state_->names.erase(path);
  state_->CountUsed();
  return Ok();
}

Status MemoryFileSystem::RemoveTree(const std::string& path) {
  TRY(state_->Check("remove", path));
  std::erase_if(state_->names, [&](const auto& entry) {
    return entry.first == path || IsBelow(entry.first, path);
  });
  state_->CountUsed();
  return Ok();
}

Status MemoryFileSystem::MakeDirs(const std::string& path, uint32_t permissions) {
  if (path == "/" || path == ".") return Ok();
  auto node = state_->Find(path);
  if (node && node->type == FileType::kDirectory) return Ok();
  if (node) return ErrnoError(ENOTDIR, "mkdir " + path);
  TRY(state_->Check("mkdir", path));
  TRY(MakeDirs(DirName(path), permissions));
  state_->Add(path, FileType::kDirectory, permissions);
  return Ok();
}

Status MemoryFileSystem::MakeSymlink(const std::string& target, const std::string& path) {
  TRY(state_->Check("symlink", path));
  TRY(state_->RequireParent(path));
  if (state_->Find(path)) return ErrnoError(EEXIST, "symlink " + path);
  auto node = state_->Add(path, FileType::kSymlink, 0777);
  node->bytes = node->durable = target;
  return Ok();
}

Result<std::string> MemoryFileSystem::ReadLink(const std::string& path) {
  auto node = state_->Find(path);
  if (!node) return ErrnoError(ENOENT, "readlink " + path);
  if (node->type != FileType::kSymlink) return ErrnoError(EINVAL, "readlink " + path);
  return node->bytes;
}

Status MemoryFileSystem::SetMode(const std::string& path, uint32_t permissions) {
  auto node = state_->Find(path);
  if (!node) return ErrnoError(ENOENT, "chmod " + path);
  node->mode = permissions;
  return Ok();
}

Result<std::vector<DirEntry>> MemoryFileSystem::List(const std::string& path) {
  TRY(state_->Check("list", path));
  std::string folder = path == "/" ? "" : path;
  if (path != "/") {
    auto node = state_->Find(path);
    if (!node) return ErrnoError(ENOENT, "list " + path);
    if (node->type != FileType::kDirectory) return ErrnoError(ENOTDIR, "list " + path);
  }
  std::vector<DirEntry> out;
  for (auto it = state_->names.upper_bound(folder + "/");
       it != state_->names.end() && IsBelow(it->first, folder); ++it) {
    std::string name = it->first.substr(folder.size() + 1);
    if (name.find('/') == std::string::npos) out.push_back({name, it->second->type});
  }
  return out;
}

Result<FileInfo> MemoryFileSystem::Stat(const std::string& path) {
  auto node = state_->Find(path);
  if (!node) return ErrnoError(ENOENT, "stat " + path);
  return FileInfo{node->type,    node->bytes.size(), node->mode,
                  node->changed, node->changed,      node->inode};
}

Status MemoryFileSystem::SyncDir(const std::string& path) {
  TRY(state_->Check("syncdir", path));
  auto parent_is = [&](const std::string& name) { return DirName(name) == path; };
  std::erase_if(state_->durable_names, [&](const auto& entry) { return parent_is(entry.first); });
  for (const auto& [name, node] : state_->names)
    if (parent_is(name)) state_->durable_names[name] = node;
  // The folder's own chain of names: fsync of a new folder on every journalling file system.
  for (std::string up = path; up != "/" && up != "."; up = DirName(up))
    if (auto node = state_->Find(up)) state_->durable_names[up] = node;
  return Ok();
}

Status MemoryFileSystem::SyncAll(const std::string& path) {
  TRY(state_->Check("syncall", path));
  for (auto& [name, node] : state_->names) {
    if (node->dirty) node->durable = node->bytes;
    node->dirty = false;
  }
  state_->durable_names = state_->names;
  return Ok();
}

void MemoryFileSystem::Crash() { state_->Crash(); }
void MemoryFileSystem::SetFault(
    std::function<Status(std::string_view operation, const std::string& path)> fault) {
  state_->fault = std::move(fault);
}
void MemoryFileSystem::SetCapacity(uint64_t bytes) { state_->capacity = bytes; }
uint64_t MemoryFileSystem::used() const { return state_->used; }

}  // namespace rw::os::testing
