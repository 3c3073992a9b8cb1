#include "journal/record.h"

#include <bit>
#include <cstring>

#include "base/hash.h"
#include "base/mutant.h"
#include "base/result.h"
#include "base/strings.h"

namespace rw::journal {
namespace {
static_assert(std::endian::native == std::endian::little, "integers are copied as they are");

constexpr uint8_t kHasStep = 1;
constexpr uint8_t kInteger = 2;

template <class T>
void Put(T value, std::string& out) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class T>
T Get(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// Size of the record at the start of `bytes`; 0 with `tail` (and what is missing) set.
size_t RecordSize(std::string_view bytes, Extent& extent) {
  if (bytes.size() < kPrefixSize) {
    extent.tail = bytes.empty() ? Tail::kNone : Tail::kPartial;
    extent.wanted = kPrefixSize;
    return 0;
  }
  uint32_t length = Get<uint32_t>(bytes, 0);
  if (length < kHeadSize || length > kMaxLength) {
    extent.tail = Tail::kDamaged;
    return 0;
  }
  if (bytes.size() < kPrefixSize + length) {
    extent.tail = Tail::kPartial;
    extent.wanted = kPrefixSize + length;
    return 0;
  }
  if (Crc32(bytes.substr(kPrefixSize, length)) != Get<uint32_t>(bytes, 4) &&
      !MutantPlanted("bad_crc_taken")) {
    extent.tail = Tail::kDamaged;
    return 0;
  }
  return kPrefixSize + length;
}

Record RecordAt(std::string_view whole) {
  Record record;
  record.seq = Get<uint64_t>(whole, 8);
  record.wall_us = Get<int64_t>(whole, 16);
  record.boot_us = Get<int64_t>(whole, 24);
  record.kind = static_cast<Kind>(whole[32]);
  record.body = whole.substr(kPrefixSize + kHeadSize);
  return record;
}

/// False with `extent.tail` set when the file header is not there.
bool SkipHeader(std::string_view bytes, uint64_t offset, Extent& extent) {
  if (offset != 0) return true;
  std::string_view head = bytes.substr(0, kFileHeader.size());
  if (head != kFileHeader.substr(0, head.size())) {
    extent.tail = Tail::kDamaged;
    return false;
  }
  if (head.size() < kFileHeader.size()) {
    extent.tail = head.empty() ? Tail::kNone : Tail::kPartial;
    extent.wanted = kFileHeader.size() + kPrefixSize;
    return false;
  }
  extent.size = kFileHeader.size();
  return true;
}

template <class Visit>
Extent Walk(std::string_view bytes, uint64_t offset, Visit visit) {
  Extent extent;
  if (!SkipHeader(bytes, offset, extent)) return extent;
  while (size_t size = RecordSize(bytes.substr(extent.size), extent)) {
    visit(bytes.substr(extent.size, size));
    extent.size += size;
  }
  // A header without a record is not a whole write: the first record comes with it.
  if (offset == 0 && extent.size == kFileHeader.size()) extent.size = 0;
  return extent;
}
}  // namespace

void AppendRecord(const Record& record, std::string& out) {
  CHECK(kHeadSize + record.body.size() <= kMaxLength);
  size_t start = out.size();
  Put(static_cast<uint32_t>(kHeadSize + record.body.size()), out);
  Put(uint32_t{0}, out);
  Put(record.seq, out);
  Put(record.wall_us, out);
  Put(record.boot_us, out);
  Put(static_cast<uint8_t>(record.kind), out);
  out.append(record.body);
  uint32_t crc = Crc32(std::string_view(out).substr(start + kPrefixSize));
  std::memcpy(out.data() + start + 4, &crc, sizeof crc);
}

void AppendNumber(const Number& number, std::string& out) {
  Put(static_cast<uint8_t>((number.step ? kHasStep : 0) | (number.integer ? kInteger : 0)), out);
  if (number.step) Put(*number.step, out);
  Put(number.value, out);
  out.append(number.name);
}

std::optional<Number> ParseNumber(std::string_view body) {
  if (body.empty()) return std::nullopt;
  uint8_t flags = static_cast<uint8_t>(body[0]);
  size_t at = 1;
  size_t fixed = (flags & kHasStep) ? 17 : 9;
  if ((flags & ~(kHasStep | kInteger)) != 0 || body.size() < fixed) return std::nullopt;
  Number number;
  number.integer = (flags & kInteger) != 0;
  if (flags & kHasStep) {
    number.step = Get<int64_t>(body, at);
    at += 8;
  }
  number.value = Get<double>(body, at);
  number.name = body.substr(at + 8);
  if (!IsValidUtf8(number.name)) return std::nullopt;
  return number;
}

Batch ParseRecords(std::string_view bytes, uint64_t offset) {
  Batch batch;
  Extent extent = Walk(bytes, offset,
                       [&](std::string_view whole) { batch.records.push_back(RecordAt(whole)); });
  batch.size = extent.size;
  batch.tail = extent.tail;
  return batch;
}

Extent MeasureRecords(std::string_view bytes, uint64_t offset) {
  return Walk(bytes, offset, [](std::string_view) {});
}

}  // namespace rw::journal
