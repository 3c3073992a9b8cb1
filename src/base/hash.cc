#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <bit>
#include <cstring>

#include "base/result.h"
#include "base/strings.h"

namespace rw {
namespace {
EVP_MD_CTX* Context(void* p) { return static_cast<EVP_MD_CTX*>(p); }

// Table k steps a byte over k further bytes of zeros: eight bytes a round ("slicing by 8").
constexpr std::array<std::array<uint32_t, 256>, 8> MakeCrcTables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0u);
    tables[0][i] = crc;
  }
  for (size_t k = 1; k < tables.size(); k++) {
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t crc = tables[k - 1][i];
      tables[k][i] = (crc >> 8) ^ tables[0][crc & 0xff];
    }
  }
  return tables;
}
constexpr auto kCrc = MakeCrcTables();

uint32_t LittleEndian(const unsigned char* p) {
  return p[0] | uint32_t{p[1]} << 8 | uint32_t{p[2]} << 16 | uint32_t{p[3]} << 24;
}

constexpr uint64_t kMulA = 0x9e3779b97f4a7c15u;
constexpr uint64_t kMulB = 0xc2b2ae3d27d4eb4fu;

uint64_t Word(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Invertible in `state` for any word and in `word` for any state: one changed word always changes
/// the lane.
uint64_t Mix(uint64_t state, uint64_t word) {
  return std::rotl((state ^ word) * kMulA, 29) + kMulB;
}
}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  CHECK(EVP_DigestInit_ex(Context(context_), EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() { EVP_MD_CTX_free(Context(context_)); }
void Sha256::Update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(Context(context_), bytes.data(), bytes.size()) == 1);
}
std::string Sha256::FinishHex() {
  unsigned char digest[32];
  CHECK(EVP_DigestFinal_ex(Context(context_), digest, nullptr) == 1);
  CHECK(EVP_DigestInit_ex(Context(context_), EVP_sha256(), nullptr) == 1);
  return HexEncode(std::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.FinishHex();
}

uint32_t Crc32(std::string_view bytes, uint32_t seed) {
  uint32_t crc = ~seed;
  auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    uint32_t low = crc ^ LittleEndian(p), high = LittleEndian(p + 4);
    crc = kCrc[7][low & 0xff] ^ kCrc[6][low >> 8 & 0xff] ^ kCrc[5][low >> 16 & 0xff] ^
          kCrc[4][low >> 24] ^ kCrc[3][high & 0xff] ^ kCrc[2][high >> 8 & 0xff] ^
          kCrc[1][high >> 16 & 0xff] ^ kCrc[0][high >> 24];
  }
  for (; n > 0; n--, p++) crc = (crc >> 8) ^ kCrc[0][(crc ^ *p) & 0xff];
  return ~crc;
}

uint64_t Checksum64(std::string_view bytes) {
  // Four lanes, since one multiplication waits for the one before it.
  uint64_t lanes[4] = {1, 2, 3, 4};
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 32; left -= 32, at += 32) {
    for (size_t i = 0; i < 4; i++) lanes[i] = Mix(lanes[i], Word(at + 8 * i));
  }
  uint64_t sum = Mix(bytes.size(), lanes[0]);
  for (size_t i = 1; i < 4; i++) sum = Mix(sum, lanes[i]);
  for (; left >= 8; left -= 8, at += 8) sum = Mix(sum, Word(at));
  uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  sum = Mix(sum, rest);
  sum ^= sum >> 32;
  sum *= kMulB;
  return sum ^ sum >> 29;
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}
}  // namespace rw
