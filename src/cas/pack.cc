#include "cas/pack.h"

#include "base/strings.h"

namespace rw::cas {

void AppendToPack(const Digest& digest, std::string_view bytes, std::string* pack) {
  *pack += digest.Hex();
  *pack += ' ';
  *pack += std::to_string(bytes.size());
  *pack += '\n';
  *pack += bytes;
}

Result<std::vector<BlobView>> ParsePack(std::string_view pack) {
  std::vector<BlobView> blobs;
  size_t at = 0;
  auto bad = [&](std::string_view why) {
    return Error(Code::kInvalidArgument, "The pack is malformed at byte " + std::to_string(at) +
                                             ": " + std::string(why) + ".");
  };
  while (at < pack.size()) {
    std::string_view head = pack.substr(at, Digest::kHexSize + 22);
    size_t line_end = head.find('\n');
    if (line_end == std::string_view::npos || line_end < Digest::kHexSize + 2 ||
        head[Digest::kHexSize] != ' ')
      return bad("'<digest> <size>' and a newline must stand here");
    auto digest = Digest::Parse(head.substr(0, Digest::kHexSize));
    if (!digest) return bad("the digest is not 64 lower-case hex digits");
    auto size = ParseInt(head.substr(Digest::kHexSize + 1, line_end - Digest::kHexSize - 1));
    if (!size || *size < 0) return bad("the size is not a decimal number");
    size_t begin = at + line_end + 1;
    if (static_cast<uint64_t>(*size) > pack.size() - begin) return bad("the blob is cut off");
    blobs.push_back({*digest, pack.substr(begin, static_cast<size_t>(*size))});
    at = begin + static_cast<size_t>(*size);
  }
  return blobs;
}

}  // namespace rw::cas
