// Reads a journal file piece by piece while its writer appends to it.
#pragma once

#include "journal/record.h"
#include "os/file_system.h"

namespace rw::journal {

class Reader {
 public:
  /// Begins at `offset`: 0, or the end of a whole record. The file must outlive the reader.
  explicit Reader(os::File& file, uint64_t offset = 0) : file_(file), offset_(offset) {}

  struct Chunk {
    std::string
        bytes;  // whole records only (behind the file header at offset 0); empty: none for now
    uint64_t offset = 0;
    Tail tail = Tail::kNone;  // what stands behind `bytes`: kNone also when more records may follow
  };
  /// The next whole records, at most `most` bytes of them, but at least one record when one is
  /// whole (a record may be larger than `most`). A partial record is read again by the next call.
  /// An error is the file's; the reader stays where it was.
  Result<Chunk> Next(size_t most);

  /// Where the next chunk begins.
  uint64_t offset() const { return offset_; }
  /// Goes back to (or on to) `offset`, the end of a whole record: a peer refused or lost a chunk.
  void Seek(uint64_t offset) { offset_ = offset; }

 private:
  Result<std::string> ReadBytes(size_t most);

  os::File& file_;
  uint64_t offset_;
};

}  // namespace rw::journal
