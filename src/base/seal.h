// Authenticated encryption of small values at rest (AES-256-GCM).
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace rw {

constexpr size_t kSealKeyBytes = 32;

/// `key` has kSealKeyBytes. `about` is not in the result but must be the same for Unseal: a sealed
/// value that is moved to another name does not open there. Nonce, ciphertext and tag as bytes.
std::string Seal(std::string_view key, std::string_view about, std::string_view plain,
                 Random& random);

/// kCorrupt for any other key, `about` or changed bytes; the message holds none of them.
Result<std::string> Unseal(std::string_view key, std::string_view about, std::string_view sealed);

}  // namespace rw
