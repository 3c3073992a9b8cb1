#include "journal/reader.h"

namespace rw::journal {

Result<std::string> Reader::ReadBytes(size_t most) {
  uint64_t size = TRY(file_.Size());
  if (size <= offset_) return std::string();
  std::string bytes(std::min<uint64_t>(most, size - offset_), '\0');
  bytes.resize(TRY(file_.ReadAt(offset_, std::span<char>(bytes))));
  return bytes;
}

Result<Reader::Chunk> Reader::Next(size_t most) {
  size_t limit = most;
  for (;;) {
    Chunk chunk;
    chunk.offset = offset_;
    chunk.bytes = TRY(ReadBytes(limit));
    Extent extent = MeasureRecords(chunk.bytes, offset_);
    bool cut_by_limit = extent.tail == Tail::kPartial && chunk.bytes.size() == limit;
    if (extent.size == 0 && cut_by_limit && extent.wanted > limit) {
      limit = extent.wanted;  // one record larger than asked for
      continue;
    }
    chunk.bytes.resize(extent.size);
    chunk.tail = cut_by_limit ? Tail::kNone : extent.tail;
    offset_ += extent.size;
    return chunk;
  }
}

}  // namespace rw::journal
