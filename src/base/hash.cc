#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

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

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}
}  // namespace rw
