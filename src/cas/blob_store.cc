#include "cas/blob_store.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"

namespace rw::cas {
namespace {

class Verifying final : public BlobReader {
 public:
  Verifying(std::unique_ptr<BlobReader> reader, const Digest& digest)
      : reader_(std::move(reader)), digest_(digest) {}

  uint64_t size() const override { return reader_->size(); }

  Result<size_t> Read(std::span<char> out) override {
    size_t n = TRY(reader_->Read(out));
    hash_.Update({out.data(), n});
    done_ += n;
    if (!checked_ && (n < out.size() || done_ >= size())) {
      checked_ = true;
      if (done_ != size() || hash_.FinishHex() != digest_.Hex())
        return Error(Code::kCorrupt,
                     "Blob " + digest_.Hex() +
                         " is damaged: its bytes do not match its digest. Remove it and send it "
                         "again, or restore it from a backup.");
    }
    return n;
  }

 private:
  std::unique_ptr<BlobReader> reader_;
  Digest digest_;
  Sha256 hash_;
  uint64_t done_ = 0;
  bool checked_ = false;
};

}  // namespace

std::unique_ptr<BlobReader> VerifyingReader(std::unique_ptr<BlobReader> reader,
                                            const Digest& digest) {
  return std::make_unique<Verifying>(std::move(reader), digest);
}

Result<std::string> ReadBlob(BlobStore& store, const Digest& digest, uint64_t most) {
  auto reader = TRY(store.Open(digest));
  if (reader->size() > most)
    return Error(Code::kTooLarge, "Blob " + digest.Hex() + " has " + HumanBytes(reader->size()) +
                                      ", over the limit of " + HumanBytes(most) + ".");
  std::string out(reader->size(), '\0');
  out.resize(TRY(reader->Read(out)));
  return out;
}

Status VerifyBlob(BlobStore& store, const Digest& digest) {
  auto reader = TRY(store.Open(digest));
  std::string buffer(std::min<uint64_t>(reader->size() + 1, 1 << 18), '\0');
  while (TRY(reader->Read(buffer)) == buffer.size()) {
  }
  return Ok();
}

}  // namespace rw::cas
