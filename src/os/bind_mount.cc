#include "os/bind_mount.h"

namespace rw::os {
namespace {
/// A field of the comma-separated list that --mount takes.
std::string Field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}
}  // namespace

std::string BindMountOption(const std::string& from, const std::string& to, bool read_only) {
  std::string out = "--mount=type=bind,";
  out += Field("src=" + from) + "," + Field("dst=" + to);
  return read_only ? out + ",readonly" : out;
}

}  // namespace rw::os
