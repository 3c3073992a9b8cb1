#include "os/testing/memory_nodes.h"

#include <algorithm>
#include <set>

#include "os/paths.h"

namespace rw::os::testing {
namespace {
constexpr size_t kPage = 4096;
constexpr size_t kSector = 512;

bool Coin(Random* random) { return random != nullptr && random->U64() % 2 == 0; }
}  // namespace

void MemoryFileSystem::Node::Crash(Random* random) {
  if (!dirty) return;
  std::string after = durable;
  size_t grown = bytes.size() > durable.size() ? bytes.size() - durable.size() : 0;
  if (grown > 0 && random != nullptr) after.resize(durable.size() + random->U64() % (grown + 1));
  if (bytes.size() < durable.size() && Coin(random)) after.resize(bytes.size());
  for (size_t at = 0; at < std::min(after.size(), bytes.size()); at += kPage) {
    size_t n = std::min(kPage, std::min(after.size(), bytes.size()) - at);
    if (!Coin(random)) continue;
    // Mostly whole pages; a page that was on its way is there up to some sector.
    if (random != nullptr && random->U64() % 8 == 0) n = std::min(n, random->U64() % 8 * kSector);
    after.replace(at, n, bytes, at, n);
  }
  bytes = durable = after;
  dirty = false;
}

Status MemoryFileSystem::State::Check(std::string_view operation, const std::string& path) const {
  return fault ? fault(operation, path) : Ok();
}

std::shared_ptr<MemoryFileSystem::Node> MemoryFileSystem::State::Find(
    const std::string& path) const {
  auto at = names.find(path);
  return at == names.end() ? nullptr : at->second;
}

std::shared_ptr<MemoryFileSystem::Node> MemoryFileSystem::State::Add(const std::string& path,
                                                                     FileType type, uint32_t mode) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->mode = mode;
  node->inode = next_inode++;
  node->changed = ++changes;
  names[path] = node;
  return node;
}

Status MemoryFileSystem::State::RequireParent(const std::string& path) const {
  std::string parent = DirName(path);
  auto node = Find(parent);
  if (parent == "/" || (node && node->type == FileType::kDirectory)) return Ok();
  return ErrnoError(ENOENT, "folder " + parent);
}

bool MemoryFileSystem::State::HasChildren(const std::string& path) const {
  auto next = names.upper_bound(path + "/");
  return next != names.end() && next->first.compare(0, path.size() + 1, path + "/") == 0;
}

void MemoryFileSystem::State::CountUsed() {
  used = 0;
  for (const auto& [path, node] : names) used += node->bytes.size();
}

Status MemoryFileSystem::State::Resize(Node& node, uint64_t size, const std::string& path) {
  if (node.orphaned) return Ok();
  uint64_t more = size > node.bytes.size() ? size - node.bytes.size() : 0;
  if (more > 0 && used + more > capacity)
    return ErrnoError(ENOSPC, "write " + path + " (" + std::to_string(more) + " bytes needed)");
  used += size;
  used -= node.bytes.size();
  node.bytes.resize(size);
  return Ok();
}

void MemoryFileSystem::State::Crash() {
  Names after = durable_names;
  std::set<std::string> paths;
  for (const auto& [path, node] : names) paths.insert(path);
  for (const auto& [path, node] : durable_names) paths.insert(path);
  for (const std::string& path : paths) {
    auto now = names.find(path);
    auto then = durable_names.find(path);
    bool same = now != names.end() && then != durable_names.end() && now->second == then->second;
    if (same || !Coin(random)) continue;
    if (now == names.end()) {
      after.erase(path);
    } else {
      after[path] = now->second;
    }
  }
  // A name without its folder is nowhere.
  for (auto it = after.begin(); it != after.end();) {
    std::string parent = DirName(it->first);
    it = parent != "/" && !after.count(parent) ? after.erase(it) : std::next(it);
  }
  for (auto& [path, node] : names) node->orphaned = true;
  names.clear();
  used = 0;
  std::map<Node*, std::shared_ptr<Node>> copies;  // open files keep the orphans
  for (auto& [path, node] : after) {
    auto& copy = copies[node.get()];
    if (!copy) {
      copy = std::make_shared<Node>(*node);
      copy->orphaned = false;
      copy->Crash(random);
      used += copy->bytes.size();
    }
    names[path] = copy;
  }
  durable_names = names;
}

}  // namespace rw::os::testing
