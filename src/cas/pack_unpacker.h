// A pack becomes a folder again, piece by piece, in any order and from several threads.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cas/packed_tree.h"

namespace rw::cas {

struct UnpackOptions {
  /// What stands in place of moved folders: path in the pack → path here.
  std::vector<std::pair<std::string, std::string>> moved;
  /// Absolute targets that links may have as they are.
  std::vector<std::string> outside;
};

class PackUnpacker {
 public:
  /// What is fetched at once: bytes of the contents, at most kPieceBytes. Whole files, or a part of
  /// one.
  struct Piece {
    uint64_t offset = 0;
    uint64_t size = 0;
    size_t first = 0;  // entry
    size_t count = 0;  // of entries; 1 where it is a part of a file
  };

  /// Makes `folder`, which does not exist, and all folders in it. kInvalidArgument where a link
  /// leads to a place that is not allowed.
  static Result<std::unique_ptr<PackUnpacker>> Begin(PackedTree tree, std::string folder,
                                                     UnpackOptions options);
  ~PackUnpacker();

  const std::vector<Piece>& pieces() const { return pieces_; }
  const PackedTree& tree() const { return tree_; }
  const std::string& folder() const { return folder_; }

  /// Verifies and writes one piece. From any thread; each piece once. kCorrupt names the file whose
  /// bytes are others than the index says; nothing of that piece's remaining files is written then.
  Status Put(size_t piece, std::string_view bytes);
  /// After all pieces: links, times, modes of folders. Not synced.
  Status Finish();

 private:
  PackUnpacker(PackedTree tree, std::string folder, UnpackOptions options)
      : tree_(std::move(tree)), folder_(std::move(folder)), options_(std::move(options)) {}
  Status MakeFolders();
  void Plan();
  Status PutFile(const PackedEntry& entry, std::string_view bytes) const;
  Status PutPart(const PackedEntry& entry, uint64_t at, std::string_view bytes) const;
  Result<std::string> TargetOf(const PackedEntry& link) const;
  std::string Moved(std::string_view text) const;

  PackedTree tree_;
  std::string folder_;
  UnpackOptions options_;
  std::vector<Piece> pieces_;
  int root_ = -1;
  std::atomic<size_t> put_{0};
};

}  // namespace rw::cas
