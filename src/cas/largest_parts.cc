#include <algorithm>

#include "cas/snapshot_builder.h"

namespace rw::cas {
namespace {

struct Part {
  LargeFolder part;
  const SnapshotFolder* folder;  // null for a file
};

std::vector<Part> PartsOf(const std::vector<SnapshotFolder>& folders,
                          const SnapshotFolder& folder) {
  std::vector<Part> parts;
  for (uint32_t child : folder.children)
    parts.push_back({{folders[child].path + "/", folders[child].size}, &folders[child]});
  std::string prefix = folder.path.empty() ? "" : folder.path + "/";
  const char* name = folder.names.c_str();
  size_t file = 0;
  for (char kind : folder.kinds) {
    std::string_view view = name;
    if (kind == kKindFile)
      parts.push_back(
          {{prefix + std::string(view), static_cast<uint64_t>(folder.stats[file++].size)},
           nullptr});
    name += view.size() + 1;
  }
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return a.part.bytes != b.part.bytes ? a.part.bytes > b.part.bytes : a.part.path < b.part.path;
  });
  return parts;
}

}  // namespace

/// Goes down as long as one folder has four fifths of all.
std::vector<LargeFolder> LargestParts(const std::vector<SnapshotFolder>& folders) {
  const SnapshotFolder* top = &folders[0];
  while (true) {
    std::vector<Part> parts = PartsOf(folders, *top);
    const SnapshotFolder* first = parts.empty() ? nullptr : parts[0].folder;
    if (first != nullptr && !first->children.empty() && first->size / 4 >= top->size / 5) {
      top = first;
      continue;
    }
    std::vector<LargeFolder> out;
    for (size_t i = 0; i < parts.size() && i < 5; i++)
      if (parts[i].part.bytes > 0) out.push_back(parts[i].part);
    return out;
  }
}

}  // namespace rw::cas
