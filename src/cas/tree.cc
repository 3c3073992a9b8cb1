#include "cas/tree.h"

#include <charconv>
#include <optional>

#include "base/strings.h"

namespace rw::cas {
namespace {

constexpr std::string_view kHeader{"runwright-tree-1\0", 17};
constexpr size_t kModeSize = 6;

std::optional<EntryMode> ParseMode(std::string_view text) {
  for (EntryMode mode :
       {EntryMode::kFile, EntryMode::kExecutable, EntryMode::kLink, EntryMode::kFolder})
    if (text == ModeText(mode)) return mode;
  return std::nullopt;
}

/// Decimal as EncodeTree writes it: no sign, no leading zero.
std::optional<uint64_t> ParseSize(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || (text.size() > 1 && text[0] == '0') || value > uint64_t{INT64_MAX})
    return std::nullopt;
  return value;
}

/// `record` is one entry without its NUL.
Result<TreeEntry> ParseEntry(std::string_view record, size_t index) {
  auto bad = [&](std::string_view why) {
    return Error(Code::kInvalidArgument, "Entry " + std::to_string(index) + " of the tree " +
                                             std::string(why) + ": '" +
                                             Utf8Lossy(record.substr(0, 300)) + "'.");
  };
  constexpr size_t kDigestAt = kModeSize + 1;
  constexpr size_t kSizeAt = kDigestAt + Digest::kHexSize + 1;
  size_t tab = record.find('\t');
  if (tab == std::string_view::npos || tab <= kSizeAt || record[kModeSize] != ' ' ||
      record[kSizeAt - 1] != ' ')
    return bad("is not '<mode> <digest> <size><TAB><name>'");
  auto mode = ParseMode(record.substr(0, kModeSize));
  if (!mode) return bad("has a mode other than 100644, 100755, 120000 and 040000");
  auto digest = Digest::Parse(record.substr(kDigestAt, Digest::kHexSize));
  if (!digest) return bad("has a digest that is not 64 lower-case hex digits");
  auto size = ParseSize(record.substr(kSizeAt, tab - kSizeAt));
  if (!size) return bad("has a size that is not a plain decimal number");
  std::string_view name = record.substr(tab + 1);
  if (Status valid = CheckEntryName(name); !valid) return std::move(valid).error();
  return TreeEntry{*mode, *digest, *size, std::string(name)};
}

}  // namespace

std::string_view ModeText(EntryMode mode) {
  switch (mode) {
    case EntryMode::kFile:
      return "100644";
    case EntryMode::kExecutable:
      return "100755";
    case EntryMode::kLink:
      return "120000";
    case EntryMode::kFolder:
      return "040000";
  }
  return "";
}

Status CheckEntryName(std::string_view name) {
  auto bad = [&](std::string_view why) {
    return Error(Code::kInvalidArgument,
                 "The name '" + Utf8Lossy(name.substr(0, 300)) + "' " + std::string(why) + ".");
  };
  if (name.empty()) return bad("is empty");
  if (name.size() > 255) return bad("is longer than 255 bytes");
  if (name == "." || name == "..") return bad("leads to another folder");
  for (unsigned char c : name) {
    if (c == '/') return bad("holds a '/'");
    if (c < 0x20 || c == 0x7f) return bad("holds a control character");
  }
  if (!IsValidUtf8(name)) return bad("is not valid UTF-8");
  return Ok();
}

std::string EncodeTree(const Tree& tree) {
  std::string out(kHeader);
  out.reserve(kHeader.size() + tree.size() * 112);
  const std::string* previous = nullptr;
  for (const TreeEntry& entry : tree) {
    CHECK(previous == nullptr || *previous < entry.name);
    previous = &entry.name;
    out += ModeText(entry.mode);
    out += ' ';
    out += entry.digest.Hex();
    out += ' ';
    out += std::to_string(entry.size);
    out += '\t';
    out += entry.name;
    out += '\0';
  }
  return out;
}

Result<Tree> DecodeTree(std::string_view bytes) {
  if (bytes.substr(0, kHeader.size()) != kHeader)
    return Error(Code::kInvalidArgument, "This blob is no tree: it lacks the header.");
  bytes.remove_prefix(kHeader.size());
  Tree tree;
  while (!bytes.empty()) {
    size_t end = bytes.find('\0');
    if (end == std::string_view::npos)
      return Error(Code::kInvalidArgument, "The tree is cut off in its last entry.");
    TreeEntry entry = TRY(ParseEntry(bytes.substr(0, end), tree.size()));
    if (!tree.empty() && tree.back().name >= entry.name)
      return Error(Code::kInvalidArgument,
                   "The names of the tree are not sorted, or repeated, at '" + entry.name + "'.");
    tree.push_back(std::move(entry));
    bytes.remove_prefix(end + 1);
  }
  return tree;
}

uint64_t TreeSize(const Tree& tree) {
  uint64_t sum = 0;
  for (const TreeEntry& entry : tree) sum = sum + entry.size < sum ? UINT64_MAX : sum + entry.size;
  return sum;
}

}  // namespace rw::cas
