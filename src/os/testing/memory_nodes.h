// Inside MemoryFileSystem: files and names, each as they are and as they would be after power loss.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "os/testing/memory_file_system.h"

namespace rw::os::testing {

struct MemoryFileSystem::Node {
  FileType type = FileType::kRegular;
  uint32_t mode = 0644;
  uint64_t inode = 0;
  int64_t changed = 0;  // a counter in place of a time: later changes are larger
  std::string bytes;    // of a symlink: its target
  std::string durable;  // bytes after power loss, at worst
  bool dirty = false;
  bool orphaned = false;  // lost in a crash: writes are accepted and go nowhere

  /// What a disk may hold after power loss: synced bytes, some of the later pages, torn ones among
  /// them.
  void Crash(Random* random);
};

struct MemoryFileSystem::State {
  using Names = std::map<std::string, std::shared_ptr<Node>>;  // absolute path → node

  Random* random = nullptr;
  Names names;
  Names durable_names;
  uint64_t next_inode = 1;
  int64_t changes = 0;
  uint64_t used = 0;
  uint64_t capacity = UINT64_MAX;
  std::function<Status(std::string_view, const std::string&)> fault;

  Status Check(std::string_view operation, const std::string& path) const;
  std::shared_ptr<Node> Find(const std::string& path) const;
  std::shared_ptr<Node> Add(const std::string& path, FileType type, uint32_t mode);
  Status RequireParent(const std::string& path) const;
  bool HasChildren(const std::string& path) const;
  Status Resize(Node& node, uint64_t size, const std::string& path);
  /// After names went: a file without a name counts no longer, though it may still be open.
  void CountUsed();
  void Crash();
};

}  // namespace rw::os::testing
