#include "cas/digest.h"

#include "base/hash.h"
#include "base/strings.h"

namespace rw::cas {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool DecodeHex(std::string_view hex, uint8_t* out) {
  for (size_t i = 0; i < Digest::kSize; i++) {
    int high = HexValue(hex[2 * i]);
    int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace

Result<Digest> Digest::Parse(std::string_view hex) {
  Digest out;
  if (hex.size() != kHexSize || !DecodeHex(hex, out.bytes_.data()))
    return Error(Code::kInvalidArgument, "'" + Utf8Lossy(hex.substr(0, 80)) +
                                             "' is not a digest: give the 64 lower-case hex digits "
                                             "of a SHA-256.");
  return out;
}

Digest Digest::Of(std::string_view bytes) {
  Digest out;
  CHECK(DecodeHex(Sha256Hex(bytes), out.bytes_.data()));
  return out;
}

Digest Digest::FromRaw(const void* raw) {
  Digest out;
  std::memcpy(out.bytes_.data(), raw, kSize);
  return out;
}

std::string Digest::Hex() const { return HexEncode(raw()); }

}  // namespace rw::cas
