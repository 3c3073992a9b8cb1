// A machine by the test's word.
#pragma once

#include <map>
#include <string>

#include "executor/node.h"

namespace rw::executor::testing {

class FakeNode final : public Node {
 public:
  NodeSample Sample() override { return sample; }
  DiskSpace SpaceOf(const std::string&) override { return space; }
  bool Reserve(const std::string& path, uint64_t from, uint64_t bytes) override {
    if (space.free < bytes) return false;
    space.free -= bytes;
    reserved[path] = from + bytes;
    return true;
  }
  bool Release(const std::string& path, uint64_t from, uint64_t to) override {
    space.free += to - from;
    released[path] = to;
    return true;
  }
  void Trim(const std::string& path) override { reserved.erase(path); }
  void Run(const std::vector<std::string>& command,
           const std::map<std::string, std::string>&) override {
    commands.push_back(command);
  }

  NodeSample sample;
  DiskSpace space{uint64_t{1} << 40, uint64_t{1} << 40};
  std::map<std::string, uint64_t> reserved;  // path → up to where
  std::map<std::string, uint64_t> released;
  std::vector<std::vector<std::string>> commands;
};

}  // namespace rw::executor::testing
