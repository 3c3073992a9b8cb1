// Arguments and environments as exec() takes them.
#pragma once

#include <string>
#include <vector>

namespace rw::os {

/// With a null pointer at the end; valid as long as `strings` is not changed.
inline std::vector<char*> CStrings(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace rw::os
