#include "cas/image_writer.h"

#include <algorithm>
#include <map>
#include <vector>

#include "os/file_system.h"
#include "os/paths.h"
#include "os/walk.h"

namespace rw::cas {
namespace {

using os::FileType;
using os::PosixFileSystem;
constexpr uint64_t kBlock = 4096;
constexpr uint64_t kInodeBytes = 64;  // of an extended one, which has times
constexpr uint64_t kSlot = 32;        // inodes are numbered by these
constexpr uint64_t kDirentBytes = 12;
constexpr uint64_t kSuperBlockAt = 1024;
constexpr uint64_t kMetaBlock = 1;
constexpr uint64_t kMostBlocks = uint64_t{1} << 31;
constexpr size_t kBufferBytes = size_t{1} << 20;

struct Node {
  std::string path;  // "": the root
  std::string name;
  FileType type = FileType::kDirectory;
  uint32_t mode = 0755;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  std::string target;  // of a link
  std::vector<size_t> children;
  size_t parent = 0;
  uint64_t nid = 0;
  uint64_t block = 0;  // of its whole blocks of data
  uint64_t tail() const { return size % kBlock; }
  /// What is less than a block lies behind the inode where it fits into the inode's block.
  bool is_inline() const { return tail() > 0 && kInodeBytes + tail() <= kBlock; }
  uint64_t blocks() const { return size / kBlock + (tail() > 0 && !is_inline() ? 1 : 0); }
};

void Put(std::string* out, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) (*out)[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}

uint64_t Up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

uint32_t TypeBits(FileType type) {
  if (type == FileType::kDirectory) return 0040000;
  return type == FileType::kSymlink ? 0120000 : 0100000;
}

uint64_t DirentType(FileType type) {
  if (type == FileType::kDirectory) return 2;
  return type == FileType::kSymlink ? 7 : 1;
}

class Writer {
 public:
  Writer(const std::string& folder, os::File& out,
         const std::function<bool(const std::string&)>& skip)
      : folder_(folder), out_(out), skip_(skip) {}

  Status Run() {
    nodes_.emplace_back();
    auto add = [this](const std::string& path, const os::FileInfo& info) {
      return Add(path, info);
    };
    TRY(os::Walk(PosixFileSystem(), folder_, add));
    TRY(Place());
    TRY(WriteSuperBlock());
    for (size_t i = 0; i < nodes_.size(); i++) {
      Status written = WriteNode(i);
      if (!written) return std::move(written).error().WithContext("image of " + nodes_[i].path);
    }
    return out_.Truncate(end_block_ * kBlock);
  }

 private:
  struct Dirent {
    std::string_view name;
    size_t node;
  };

  std::string Whole(const std::string& path) const { return folder_ + "/" + path; }

  Result<bool> Add(const std::string& path, const os::FileInfo& info) {
    if (skip_ && skip_(path)) return false;
    Node node;
    node.path = path;
    node.name = os::BaseName(path);
    node.parent = folders_.at(path.substr(0, path.size() - node.name.size()));
    node.type = info.type;
    node.mode = info.mode & 0755;
    node.mtime_ns = std::max<int64_t>(0, info.mtime_ns);
    if (info.type == FileType::kRegular) node.size = info.size;
    if (info.type == FileType::kSymlink) {
      node.target = TRY(PosixFileSystem().ReadLink(Whole(path)));
      node.size = node.target.size();
      node.mode = 0777;
    }
    if (info.type == FileType::kOther)
      return Error(Code::kInvalidArgument, Whole(path) + " is neither file nor folder");
    size_t index = nodes_.size();
    if (info.type == FileType::kDirectory) folders_[path + "/"] = index;
    nodes_[node.parent].children.push_back(index);
    nodes_.push_back(std::move(node));
    return true;
  }

  /// With "." and "..", sorted by bytes.
  std::vector<Dirent> Entries(size_t folder) const {
    std::vector<Dirent> out = {{".", folder}, {"..", nodes_[folder].parent}};
    for (size_t child : nodes_[folder].children) out.push_back({nodes_[child].name, child});
    std::sort(out.begin(), out.end(),
              [](const Dirent& a, const Dirent& b) { return a.name < b.name; });
    return out;
  }

  /// Blocks of entries, each followed by its names; the last one as long as it is.
  std::string FolderBytes(size_t folder) const {
    std::vector<Dirent> all = Entries(folder);
    std::string out;
    for (size_t from = 0; from < all.size();) {
      uint64_t bytes = 0;
      size_t until = from;
      while (until < all.size() && bytes + kDirentBytes + all[until].name.size() <= kBlock)
        bytes += kDirentBytes + all[until++].name.size();
      std::string block(kDirentBytes * (until - from), '\0');
      for (size_t i = from; i < until; i++) {
        size_t at = kDirentBytes * (i - from);
        const Node& node = nodes_[all[i].node];
        Put(&block, at, node.nid, 8);
        Put(&block, at + 8, block.size(), 2);
        Put(&block, at + 10, DirentType(node.type), 1);
        block += all[i].name;
      }
      if (until < all.size()) block.resize(kBlock);
      out += block;
      from = until;
    }
    return out;
  }

  /// Inodes with their inline data first, then blocks of data. Numbers do not change sizes.
  Status Place() {
    uint64_t at = 2 * kSlot;  // nobody has number 0
    for (size_t i = 0; i < nodes_.size(); i++) {
      Node& node = nodes_[i];
      if (node.type == FileType::kDirectory) node.size = FolderBytes(i).size();
      uint64_t bytes = kInodeBytes + (node.is_inline() ? node.tail() : 0);
      if (at % kBlock + bytes > kBlock) at = Up(at, kBlock);
      node.nid = at / kSlot;
      at = Up(at + bytes, kSlot);
    }
    end_block_ = kMetaBlock + Up(at, kBlock) / kBlock;
    for (Node& node : nodes_) {
      node.block = end_block_;
      end_block_ += node.blocks();
    }
    if (end_block_ < kMostBlocks) return Ok();
    return Error(Code::kTooLarge, folder_ + " is too large for an image");
  }

  Status WriteSuperBlock() {
    std::string out(128, '\0');
    Put(&out, 0, 0xe0f5e1e2, 4);
    Put(&out, 12, 12, 1);  // log2 of the block size
    Put(&out, 14, nodes_[0].nid, 2);
    Put(&out, 16, nodes_.size(), 8);
    Put(&out, 36, end_block_, 4);
    Put(&out, 40, kMetaBlock, 4);
    return out_.WriteAt(kSuperBlockAt, out);
  }

  std::string Inode(size_t index) const {
    const Node& node = nodes_[index];
    std::string out(kInodeBytes, '\0');
    Put(&out, 0, node.is_inline() ? 5 : 1, 2);  // extended; data inline or plain
    Put(&out, 4, TypeBits(node.type) | node.mode, 2);
    Put(&out, 8, node.size, 8);
    Put(&out, 16, node.block, 4);
    Put(&out, 20, index + 1, 4);
    Put(&out, 32, static_cast<uint64_t>(node.mtime_ns / 1'000'000'000), 8);
    Put(&out, 40, static_cast<uint64_t>(node.mtime_ns % 1'000'000'000), 4);
    uint64_t links = 1;
    if (node.type == FileType::kDirectory)
      links = 2 + static_cast<uint64_t>(std::count_if(
                      node.children.begin(), node.children.end(),
                      [&](size_t child) { return nodes_[child].type == FileType::kDirectory; }));
    Put(&out, 44, links, 4);
    return out;
  }

  Status WriteNode(size_t index) {
    const Node& node = nodes_[index];
    uint64_t at = kMetaBlock * kBlock + node.nid * kSlot;
    TRY(out_.WriteAt(at, Inode(index)));
    if (node.type == FileType::kRegular) return WriteFile(node, at + kInodeBytes);
    std::string bytes = node.type == FileType::kDirectory ? FolderBytes(index) : node.target;
    return WriteData(node, 0, bytes, at + kInodeBytes);
  }

  /// `bytes` of the node's data from `offset` on, whole blocks but for its end.
  Status WriteData(const Node& node, uint64_t offset, std::string_view bytes, uint64_t inline_at) {
    std::string_view plain = bytes;
    if (node.is_inline() && offset + bytes.size() == node.size) {
      TRY(out_.WriteAt(inline_at, bytes.substr(bytes.size() - node.tail())));
      plain.remove_suffix(node.tail());
    }
    return plain.empty() ? Ok() : out_.WriteAt(node.block * kBlock + offset, plain);
  }

  Status WriteFile(const Node& node, uint64_t inline_at) {
    if (node.size == 0) return Ok();
    auto file = TRY(PosixFileSystem().Open(Whole(node.path), os::OpenMode::kRead));
    buffer_.resize(kBufferBytes);
    for (uint64_t done = 0; done < node.size;) {
      size_t wanted = static_cast<size_t>(std::min<uint64_t>(kBufferBytes, node.size - done));
      size_t n = TRY(file->ReadAt(done, {buffer_.data(), wanted}));
      if (n != wanted) return Error(Code::kFailedPrecondition, "it changed while it was read");
      TRY(WriteData(node, done, {buffer_.data(), n}, inline_at));
      done += n;
    }
    return Ok();
  }

  const std::string& folder_;
  os::File& out_;
  const std::function<bool(const std::string&)>& skip_;
  std::vector<Node> nodes_;
  std::map<std::string, size_t> folders_ = {{"", 0}};  // nodes of folders, by "path/"
  std::vector<char> buffer_;
  uint64_t end_block_ = 0;
};

}  // namespace

Status WriteImage(const std::string& folder, const std::string& file,
                  const std::function<bool(const std::string& path)>& skip) {
  auto out = TRY(PosixFileSystem().Open(file, os::OpenMode::kCreateNew, 0644));
  return Writer(folder, *out, skip).Run();
}

}  // namespace rw::cas
