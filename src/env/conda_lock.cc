#include "env/conda_lock.h"

#include "base/strings.h"

namespace rw::env {
namespace {
constexpr std::string_view kHead = "# conda packages by URL, then those of pip";
}

const CondaPackage* CondaLock::Find(std::string_view name) const {
  for (const CondaPackage& package : conda)
    if (package.name == name) return &package;
  return nullptr;
}

std::string WriteCondaLock(const CondaLock& lock) {
  std::string out(kHead);
  out += "\n";
  for (const CondaPackage& package : lock.conda) {
    out.append(package.name).append("=").append(package.version);
    if (!package.build.empty()) out.append("=").append(package.build);
    out.append(" ").append(package.url);
    if (!package.hash.empty()) out.append("#").append(package.hash);
    out += "\n";
  }
  return out + lock.pip;
}

std::optional<CondaLock> ReadCondaLock(std::string_view text) {
  if (!text.starts_with(kHead)) return std::nullopt;
  CondaLock out;
  for (const std::string& line : Split(text.substr(kHead.size()), '\n')) {
    size_t equals = line.find('=');
    size_t space = line.find(' ');
    bool conda = equals != std::string::npos && space != std::string::npos && equals < space &&
                 line[equals + 1] != '=' && line.find_first_of("<>!~@[") > equals;
    if (!conda) {
      if (!Trim(line).empty()) out.pip += line + "\n";
      continue;
    }
    std::vector<std::string> parts = Split(line.substr(0, space), '=');
    CondaPackage package;
    package.name = parts[0];
    package.version = parts[1];
    if (parts.size() > 2) package.build = parts[2];
    package.url = line.substr(space + 1);
    size_t hash = package.url.rfind('#');
    if (hash != std::string::npos) {
      package.hash = package.url.substr(hash + 1);
      package.url.resize(hash);
    }
    out.conda.push_back(std::move(package));
  }
  return out;
}

}  // namespace rw::env
