#include "cli/env_lock.h"

#include "base/strings.h"

namespace rw::cli {
namespace {

constexpr std::string_view kHash = "--hash=";

size_t EndOfName(std::string_view line) {
  size_t end = line.find_first_of("=<>!~@[ ;");
  return end == std::string_view::npos ? line.size() : end;
}

LockedPackage ReadLine(std::string line) {
  LockedPackage out;
  size_t end = EndOfName(line);
  out.name = line.substr(0, end);
  std::string_view rest = std::string_view(line).substr(end);
  if (rest.starts_with('[')) {
    size_t close = rest.find(']');
    rest = rest.substr(close == std::string_view::npos ? rest.size() : close + 1);
  }
  rest = Trim(rest);
  if (rest.starts_with("==")) {
    rest = Trim(rest.substr(rest.starts_with("===") ? 3 : 2));
    out.version = rest.substr(0, rest.find_first_of(" ;"));
  } else if (rest.starts_with('=')) {
    out.conda = true;
    size_t space = rest.find(' ');
    std::vector<std::string> parts = Split(rest.substr(1, space - 1), '=');
    out.version = parts[0];
    if (parts.size() > 1) out.build = parts[1];
    if (space != std::string_view::npos) out.url = Trim(rest.substr(space));
  } else {
    out.version = rest;
  }
  out.line = std::move(line);
  return out;
}

}  // namespace

std::vector<LockedPackage> ReadLock(std::string_view text) {
  std::vector<LockedPackage> out;
  for (const std::string& raw : Split(text, '\n')) {
    std::string line(Trim(raw));
    if (line.ends_with('\\')) line = std::string(Trim(line.substr(0, line.size() - 1)));
    if (line.empty() || line[0] == '#') continue;
    size_t hash = line.find(kHash);
    std::string package(Trim(line.substr(0, hash)));
    if (!package.empty()) out.push_back(ReadLine(std::move(package)));
    while (hash != std::string::npos && !out.empty()) {
      std::string rest = line.substr(hash + kHash.size());
      out.back().hashes.push_back(rest.substr(0, rest.find(' ')));
      hash = line.find(kHash, hash + kHash.size());
    }
  }
  return out;
}

std::string WithoutPasswords(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) break;
    out += text.substr(0, scheme + 3);
    text.remove_prefix(scheme + 3);
    std::string_view authority = text.substr(0, text.find_first_of("/?# \t\r\n\"'`,)>"));
    size_t at = authority.rfind('@');
    if (at != std::string_view::npos && authority.substr(0, at) != "git")
      text.remove_prefix(at + 1);
  }
  out += text;
  return out;
}

}  // namespace rw::cli
