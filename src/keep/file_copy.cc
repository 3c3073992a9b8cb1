#include "keep/file_copy.h"

#include <algorithm>

#include "base/hash.h"
#include "os/paths.h"

namespace rw::keep {
namespace {
constexpr size_t kPiece = 1 << 18;
}  // namespace

Result<Copied> FileCopier::Stream(os::File& from, os::File* to, uint64_t most) {
  Sha256 hash;
  Copied copied;
  std::string buffer(kPiece, '\0');
  while (copied.bytes < most) {
    size_t want = static_cast<size_t>(std::min<uint64_t>(kPiece, most - copied.bytes));
    size_t n = TRY(from.ReadAt(copied.bytes, std::span(buffer.data(), want)));
    if (n == 0) break;
    std::string_view piece(buffer.data(), n);
    hash.Update(piece);
    if (to != nullptr) TRY(to->WriteAt(copied.bytes, piece));
    copied.bytes += n;
  }
  copied.sha256 = hash.FinishHex();
  return copied;
}

Result<Copied> FileCopier::Hash(const std::string& path, uint64_t most) {
  auto file = TRY(fs_.Open(path, os::OpenMode::kRead));
  return Stream(*file, nullptr, most);
}

Result<Copied> FileCopier::Copy(const std::string& from, const std::string& to, uint64_t most,
                                const std::string& expected) {
  auto source = TRY(fs_.Open(from, os::OpenMode::kRead));
  TRY(fs_.MakeDirs(os::DirName(to), 0700));
  const std::string beside = to + ".part";
  if (os::Exists(fs_, beside)) TRY(fs_.Remove(beside));
  Result<Copied> copied = Copied();
  if (most == UINT64_MAX && cloner_->Clone(from, beside, 0600)) {
    copied = Hash(beside);
  } else {
    auto target = TRY(fs_.Open(beside, os::OpenMode::kCreateNew, 0600));
    copied = Stream(*source, target.get(), most);
  }
  if (copied && !expected.empty() && copied->sha256 != expected)
    copied = Error(Code::kCorrupt, from + " has the hash " + copied->sha256 + ", not " + expected);
  if (copied) {
    TRY(fs_.Rename(beside, to));
    return copied;
  }
  (void)fs_.Remove(beside);
  return copied;
}

}  // namespace rw::keep
