// SHA-256 (content addresses, tokens at rest) and CRC-32 (journal records).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rw {

/// Streaming SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Update(std::string_view bytes);
  /// 64 lower-case hex digits; the object starts anew.
  std::string FinishHex();

 private:
  void* context_;
};

std::string Sha256Hex(std::string_view bytes);

/// CRC-32 of zlib, gzip and PNG: Crc32("123456789") == 0xcbf43926. Not Castagnoli's: Python has
/// only this one in C, and a metric is logged from Python in a few microseconds.
uint32_t Crc32(std::string_view bytes, uint32_t seed = 0);

/// 64 bits at memory speed, against damage and not against intent: of metric segments. Its values
/// are on disks: it never changes.
uint64_t Checksum64(std::string_view bytes);

/// Same length and bytes, in time that does not depend on where they differ.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace rw
