// Ids are typed strings: a run id cannot be passed where an allocation id is meant.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace rw {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

struct WorkspaceTag;
struct ExperimentTag;
struct RunTag;
struct AllocationTag;
struct SnapshotTag;
struct EnvironmentTag;
struct BuildTag;
struct WriterTag;
using WorkspaceId = Id<WorkspaceTag>;
using ExperimentId = Id<ExperimentTag>;
using RunId = Id<RunTag>;
using AllocationId = Id<AllocationTag>;
using SnapshotId = Id<SnapshotTag>;
using EnvironmentId = Id<EnvironmentTag>;
using BuildId = Id<BuildTag>;
using WriterId = Id<WriterTag>;

}  // namespace rw

template <class Tag>
struct std::hash<rw::Id<Tag>> {
  size_t operator()(const rw::Id<Tag>& id) const { return std::hash<std::string>()(id.str()); }
};
