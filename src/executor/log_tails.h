// Streams the files that a script writes below ./logs while they grow (a logger's text, TensorBoard
// events): bytes behind what was sent, never the whole file again. Each is a log of the run under
// its own name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/hash.h"
#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/offsets.h"
#include "executor/output_scan.h"
#include "executor/server_link.h"

namespace rw::executor {

class LogTails {
 public:
  LogTails(Context& context, ServerLink& server, Offsets& offsets, std::string run_id,
           RunFolder folder);

  /// Begins to stream what is new among `files` (those below logs/; the first 64 names of a run),
  /// and sends what the known ones have more.
  void Look(const std::map<std::string, FileStamp>& files);
  /// Is it on its way like this? Then it is not stored as a whole while the script runs. No longer
  /// true of a file that was cut or replaced by another.
  bool Streams(const std::string& name) const;
  /// No process writes any more. Sends the rest; `done` with the names whose content on the server
  /// is the file's, byte by byte: nothing more is to be stored of them.
  void Finish(const std::map<std::string, FileStamp>& files,
              std::function<void(std::set<std::string>)> done);

 private:
  struct Tail {
    uint64_t size = 0;   // as of the last look
    uint64_t acked = 0;  // and sent
    uint64_t inode = 0;
    Sha256 hash;             // of what was sent
    bool hash_known = true;  // false: an earlier executor sent a part
    bool busy = false;
    bool broken = false;  // no longer the file that was begun
  };
  struct Piece;

  void Next();
  void Send(const std::string& name);
  void Answered(const std::string& name, const Piece& piece, const net::Response& response);
  void Verify();

  Context& context_;
  ServerLink& server_;
  Offsets& offsets_;
  std::string run_id_;
  RunFolder folder_;
  std::map<std::string, std::shared_ptr<Tail>> tails_;
  size_t active_ = 0;
  std::function<void(std::set<std::string>)> done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
