#include "base/seal.h"

#include <openssl/evp.h>

#include <memory>

namespace rw {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string Seal(std::string_view key, std::string_view about, std::string_view plain,
                 Random& random) {
  CHECK(key.size() == kSealKeyBytes);
  std::string nonce(kNonceBytes, '\0');
  random.Fill(nonce.data(), nonce.size());
  std::string body(plain.size(), '\0');
  std::string tag(kTagBytes, '\0');
  Context context(EVP_CIPHER_CTX_new());
  int n = 0;
  CHECK(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) ==
        1);
  CHECK(EVP_EncryptUpdate(context.get(), nullptr, &n, Bytes(about),
                          static_cast<int>(about.size())) == 1);
  CHECK(EVP_EncryptUpdate(context.get(), Bytes(body), &n, Bytes(plain),
                          static_cast<int>(plain.size())) == 1);
  CHECK(EVP_EncryptFinal_ex(context.get(), Bytes(body) + n, &n) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1);
  return nonce + body + tag;
}

Result<std::string> Unseal(std::string_view key, std::string_view about, std::string_view sealed) {
  CHECK(key.size() == kSealKeyBytes);
  Error broken(Code::kCorrupt, "a sealed value does not open with this key");
  if (sealed.size() < kNonceBytes + kTagBytes) return broken;
  std::string_view nonce = sealed.substr(0, kNonceBytes);
  std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  Context context(EVP_CIPHER_CTX_new());
  int n = 0;
  CHECK(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) ==
        1);
  CHECK(EVP_DecryptUpdate(context.get(), nullptr, &n, Bytes(about),
                          static_cast<int>(about.size())) == 1);
  CHECK(EVP_DecryptUpdate(context.get(), Bytes(plain), &n, Bytes(body),
                          static_cast<int>(body.size())) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), Bytes(plain) + n, &n) != 1) return broken;
  return plain;
}

}  // namespace rw
