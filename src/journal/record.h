// Records of a run's journal as bytes (docs/dev/formats/journal.md). What is in a JSON body is not
// this module's matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rw::journal {

/// The first bytes of every journal file.
inline constexpr std::string_view kFileHeader{"RWJ1\r\n\0\0", 8};
/// `length` and `crc`: what stands before the bytes that `length` counts.
inline constexpr size_t kPrefixSize = 8;
/// seq, wall_us, boot_us and kind: the least value of `length`.
inline constexpr size_t kHeadSize = 25;
/// The largest value of `length`; a larger one is damage, not a record to wait for.
inline constexpr size_t kMaxLength = size_t{16} << 20;

enum class Kind : uint8_t {
  kOpen = 1,
  kNumber = 2,
  kMetric = 3,
  kTag = 4,
  kProperty = 5,
  kChild = 6,
  kEnd = 7,
  kRun = 8,
  kLost = 9,
};

/// `kind` may be one that this version does not know: readers skip and count those.
struct Record {
  uint64_t seq = 0;
  int64_t wall_us = 0;
  int64_t boot_us = 0;
  Kind kind = Kind::kOpen;
  std::string_view body;  // points into the bytes that were parsed
};

/// Adds the record's bytes to `out`. The caller keeps kHeadSize + body.size() within kMaxLength.
void AppendRecord(const Record& record, std::string& out);

/// The body of kNumber.
struct Number {
  std::optional<int64_t> step;
  double value = 0;  // bit for bit, NaN payloads included
  std::string_view name;
  bool integer = false;  // it was logged as one, and is read back as one
};
void AppendNumber(const Number& number, std::string& out);
/// nullopt when the body is too short, has unknown flags or a name that is no UTF-8.
std::optional<Number> ParseNumber(std::string_view body);

/// Why parsing went no further.
enum class Tail {
  kNone,     // at the end of the bytes
  kPartial,  // a record that is not whole: its writer is in the middle of it, or died there
  kDamaged,  // wrong header, length or crc: nothing further of this file is read
};

struct Batch {
  std::vector<Record> records;
  size_t size = 0;  // bytes of the whole records, file header included
  Tail tail = Tail::kNone;
};

/// The whole records at the beginning of `bytes`, which lie at `offset` of their file: at offset 0
/// the file header comes first. Never reads outside of `bytes`, whatever they hold.
Batch ParseRecords(std::string_view bytes, uint64_t offset);

/// As ParseRecords, without making a list: for who only ships the bytes.
struct Extent {
  size_t size = 0;
  Tail tail = Tail::kNone;
  size_t wanted =
      0;  // with kPartial: bytes needed from `size` on to have the next record whole (at least)
};
Extent MeasureRecords(std::string_view bytes, uint64_t offset);

}  // namespace rw::journal
