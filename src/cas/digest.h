// The address of a blob: SHA-256 of its bytes. Parsed once where it comes in; 32 bytes ever after.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::cas {

class Digest {
 public:
  static constexpr size_t kSize = 32;
  static constexpr size_t kHexSize = 64;

  /// All zero bits; no blob has it.
  Digest() = default;
  /// Exactly 64 lower-case hex digits, else kInvalidArgument.
  static Result<Digest> Parse(std::string_view hex);
  /// Of these bytes.
  static Digest Of(std::string_view bytes);
  /// From the 32 raw bytes.
  static Digest FromRaw(const void* raw);

  std::string Hex() const;
  /// The first 12 digits, for messages.
  std::string Short() const { return Hex().substr(0, 12); }
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool empty() const { return *this == Digest(); }
  auto operator<=>(const Digest&) const = default;  // NOLINT(modernize-use-nullptr)

 private:
  std::array<uint8_t, kSize> bytes_{};
};

}  // namespace rw::cas

template <>
struct std::hash<rw::cas::Digest> {
  size_t operator()(const rw::cas::Digest& digest) const {
    size_t out;
    std::memcpy(&out, digest.raw().data(), sizeof out);
    return out;
  }
};
