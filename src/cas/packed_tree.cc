#include "cas/packed_tree.h"

#include <algorithm>
#include <unordered_set>

#include "base/strings.h"
#include "cas/tree.h"

namespace rw::cas {
namespace {

using Kind = PackedEntry::Kind;
constexpr std::string_view kFirstLine = "runwright-pack 1\n";
constexpr uint64_t kMaxEntries = kMaxSnapshotEntries;
constexpr int64_t kMaxMtime = int64_t{1} << 62;

std::string Octal(uint32_t mode) {
  return {static_cast<char>('0' + (mode >> 6 & 7)), static_cast<char>('0' + (mode >> 3 & 7)),
          static_cast<char>('0' + (mode & 7))};
}

uint64_t PiecesOf(uint64_t size) {
  return std::max<uint64_t>(1, size / kPieceBytes + (size % kPieceBytes == 0 ? 0 : 1));
}

bool IsFile(Kind kind) { return kind == Kind::kFile || kind == Kind::kMovedFile; }

void AppendEntry(const PackedEntry& entry, std::string* out) {
  *out += static_cast<char>(entry.kind);
  if (entry.kind == Kind::kFolder || IsFile(entry.kind)) {
    *out += '\t';
    *out += Octal(entry.mode);
  }
  if (IsFile(entry.kind)) {
    *out += '\t';
    *out += std::to_string(entry.size);
    *out += '\t';
    *out += std::to_string(entry.mtime_ns);
    char before = '\t';
    for (const Digest& digest : entry.digests) {
      *out += std::exchange(before, ',');
      *out += digest.Hex();
    }
  }
  *out += '\t';
  *out += entry.path;
  if (!entry.target.empty()) {
    *out += '\t';
    *out += entry.target;
  }
  *out += '\n';
}

/// Reads what EncodeIndex wrote, and nothing else.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  Result<PackedTree> Run() {
    if (bytes_.size() > kMaxIndexBytes)
      return Error(Code::kTooLarge, "the index has " + std::to_string(bytes_.size()) + " bytes");
    if (!bytes_.starts_with(kFirstLine))
      return Error(Code::kInvalidArgument, "the index does not begin with 'runwright-pack 1'");
    if (bytes_.back() != '\n')
      return Error(Code::kInvalidArgument, "the index is cut off in its last line");
    bytes_.remove_prefix(kFirstLine.size());
    while (!bytes_.empty()) {
      size_t end = bytes_.find('\n');
      std::string_view line = bytes_.substr(0, end);
      bytes_.remove_prefix(end + 1);
      line_++;
      Status read = Line(line);
      if (!read) return std::move(read).error().WithContext("index line " + std::to_string(line_));
    }
    return std::move(tree_);
  }

 private:
  static Error Wrong(std::string_view what) { return {Code::kInvalidArgument, std::string(what)}; }

  Status Line(std::string_view line) {
    fields_ = Split(line, '\t');
    if (fields_[0] == "#") return Note();
    if (fields_[0].size() != 1) return Wrong("unknown kind of line");
    if (tree_.entries.size() >= kMaxEntries) return Wrong("too many entries");
    PackedEntry entry;
    entry.kind = static_cast<Kind>(fields_[0][0]);
    switch (entry.kind) {
      case Kind::kFolder:
        TRY(Expect(3));
        TRY(Mode(1, entry));
        return Add(2, std::move(entry));
      case Kind::kFile:
      case Kind::kMovedFile:
        TRY(Expect(6));
        TRY(Mode(1, entry));
        TRY(Content(entry));
        return Add(5, std::move(entry));
      case Kind::kLink:
      case Kind::kMovedLink:
        TRY(Expect(3));
        entry.target = fields_[2];
        return Add(1, std::move(entry));
    }
    return Wrong("unknown kind of line");
  }

  Status Expect(size_t fields) {
    if (fields_.size() == fields) return Ok();
    return Wrong("it has " + std::to_string(fields_.size()) + " fields");
  }

  Status Note() {
    TRY(Expect(3));
    if (!tree_.entries.empty()) return Wrong("a note after the first entry");
    if (!tree_.notes.empty() && tree_.notes.rbegin()->first >= fields_[1])
      return Wrong("notes that are not sorted");
    tree_.notes[fields_[1]] = fields_[2];
    return Ok();
  }

  Status Mode(size_t at, PackedEntry& entry) {
    const std::string& text = fields_[at];
    bool good = text.size() == 3;
    uint32_t mode = 0;
    for (char c : text) {
      good = good && c >= '0' && c <= '7';
      mode = mode * 8 + static_cast<uint32_t>(c - '0');
    }
    if (!good || (mode & ~0755U) != 0) return Wrong("mode '" + text + "'");
    entry.mode = mode;
    return Ok();
  }

  Result<uint64_t> Number(const std::string& text) {
    auto number = ParseInt(text);
    if (!number || *number < 0 || std::to_string(*number) != text)
      return Wrong("'" + text.substr(0, 40) + "' is no number");
    return static_cast<uint64_t>(*number);
  }

  Status Content(PackedEntry& entry) {
    entry.size = TRY(Number(fields_[2]));
    entry.mtime_ns = static_cast<int64_t>(TRY(Number(fields_[3])));
    if (entry.mtime_ns > kMaxMtime) return Wrong("a time out of range");
    if (entry.kind == Kind::kMovedFile && entry.size > kPieceBytes)
      return Wrong("a file with moved paths is larger than a piece");
    std::vector<std::string> digests = Split(fields_[4], ',');
    if (digests.size() != PiecesOf(entry.size)) return Wrong("digests and size do not agree");
    for (const std::string& hex : digests) entry.digests.push_back(TRY(Digest::Parse(hex)));
    entry.offset = tree_.content_bytes;
    if (entry.size > uint64_t{INT64_MAX} - tree_.content_bytes) return Wrong("sizes out of range");
    tree_.content_bytes += entry.size;
    return Ok();
  }

  Status Add(size_t path_at, PackedEntry entry) {
    entry.path = fields_[path_at];
    TRY(CheckPath(entry.path));
    if (!tree_.entries.empty() && tree_.entries.back().path >= entry.path)
      return Wrong("'" + entry.path + "' is not in its place, or there twice");
    TRY(CheckTarget(entry));
    if (entry.kind == Kind::kFolder) folders_.insert(entry.path);
    tree_.entries.push_back(std::move(entry));
    return Ok();
  }

  /// Each part a name, and what it lies in a folder of this tree: nothing is ever made through a
  /// link.
  Status CheckPath(const std::string& path) {
    if (path.size() > kMaxPathBytes) return Wrong("a path is too long");
    for (const std::string& part : Split(path, '/')) {
      Status good = CheckEntryName(part);
      if (!good) return std::move(good).error().WithContext("path '" + path + "'");
    }
    size_t slash = path.rfind('/');
    if (slash == std::string::npos || folders_.contains(path.substr(0, slash))) return Ok();
    return Wrong("'" + path + "' lies in no folder of the pack");
  }

  Status CheckTarget(const PackedEntry& entry) {
    bool link = entry.kind == Kind::kLink, moved = entry.kind == Kind::kMovedLink;
    if (!link && !moved) return Ok();
    bool plain = !entry.target.empty() && entry.target.size() <= kMaxPathBytes &&
                 entry.target.find('\0') == std::string::npos;
    bool good = plain && (link ? StaysInside(entry.path, entry.target)
                               : entry.target.starts_with("/") &&
                                     entry.target.find("/../") == std::string::npos &&
                                     !entry.target.ends_with("/.."));
    if (good) return Ok();
    return Wrong("link '" + entry.path + "' leads out, to '" + entry.target + "'");
  }

  std::string_view bytes_;
  size_t line_ = 1;
  std::vector<std::string> fields_;
  PackedTree tree_;
  std::unordered_set<std::string> folders_;
};

}  // namespace

std::string EncodeIndex(const PackedTree& tree) {
  std::string out(kFirstLine);
  for (const auto& [name, value] : tree.notes) {
    out += "#\t";
    out += name;
    out += '\t';
    out += value;
    out += '\n';
  }
  for (const PackedEntry& entry : tree.entries) AppendEntry(entry, &out);
  return out;
}

Result<PackedTree> DecodeIndex(std::string_view bytes) { return Decoder(bytes).Run(); }

bool StaysInside(std::string_view path, std::string_view target) {
  if (target.starts_with('/')) return false;
  auto depth = std::count(path.begin(), path.end(), '/');
  bool named = false;
  for (const std::string& part : Split(target, '/')) {
    if (part == "..") {
      // After a name it would count from wherever that leads, if it is a link.
      if (named || --depth < 0) return false;
    } else if (part != "." && !part.empty()) {
      named = true;
    }
  }
  return true;
}

}  // namespace rw::cas
