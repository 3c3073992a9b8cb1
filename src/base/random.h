// Randomness, passed in from main: the simulator's is seeded, so all ids repeat with the seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rw {

class Random {
 public:
  virtual ~Random() = default;
  /// The system's is cryptographic: tokens and claim secrets come from here.
  virtual void Fill(void* out, size_t size) = 0;

  uint64_t U64();
  /// Lower-case hex of `bytes` random bytes.
  std::string Hex(size_t bytes);
  /// A version 4 UUID, lower case, with dashes.
  std::string Guid();
};

Random& SystemRandom();

}  // namespace rw
