#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/result.h"
#include "base/strings.h"

namespace rw {
namespace {
class RealRandom final : public Random {
 public:
  void Fill(void* out, size_t size) override {
    char* p = static_cast<char*>(out);
    while (size > 0) {
      ssize_t n = getrandom(p, size, 0);
      if (n < 0) {
        CHECK(errno == EINTR);
        continue;
      }
      p += n;
      size -= static_cast<size_t>(n);
    }
  }
};
}  // namespace

uint64_t Random::U64() {
  uint64_t value = 0;
  Fill(&value, sizeof value);
  return value;
}

std::string Random::Hex(size_t bytes) {
  std::string raw(bytes, '\0');
  Fill(raw.data(), raw.size());
  return HexEncode(raw);
}

std::string Random::Guid() {
  std::string raw(16, '\0');
  Fill(raw.data(), raw.size());
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);
  std::string hex = HexEncode(raw);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

Random& SystemRandom() {
  static RealRandom random;
  return random;
}
}  // namespace rw
