#include "server/secret_box.h"

#include "base/strings.h"

namespace rw::server {

std::string SecretPlace(const std::string& workspace_id, const std::string& name) {
  return workspace_id + "/" + Lower(name);
}

Result<std::string> SecretBox::MakeKey() {
  std::string key(kSealKeyBytes, '\0');
  random_.Fill(key.data(), key.size());
  TRY(os::WriteFileAtomically(fs_, key_file_, HexEncode(key) + "\n", 0600));
  return key;
}

Result<std::string> SecretBox::Key(bool may_make) {
  std::lock_guard lock(mutex_);
  if (!key_.empty()) return key_;
  auto text = os::ReadFile(fs_, key_file_, 4096);
  bool absent = !text && text.error().code() == Code::kNotFound;
  if (absent && may_make) return key_ = TRY(MakeKey());
  if (absent)
    return Error(Code::kCorrupt, "the key of the secrets, " + key_file_ +
                                     ", is missing: put it back from a backup, or delete the "
                                     "secrets and set them again");
  if (!text) return std::move(text).error();
  auto key = HexDecode(Trim(*text));
  if (!key || key->size() != kSealKeyBytes)
    return Error(Code::kCorrupt,
                 key_file_ + " is damaged: it holds 64 hex digits; put it back from a backup");
  return key_ = *std::move(key);
}

Result<std::string> SecretBox::Close(std::string_view about, std::string_view plain,
                                     bool may_make_key) {
  std::string key = TRY(Key(may_make_key));
  return Seal(key, about, plain, random_);
}

Result<std::string> SecretBox::Open(std::string_view about, std::string_view sealed) {
  std::string key = TRY(Key(false));
  return Unseal(key, about, sealed);
}

}  // namespace rw::server
