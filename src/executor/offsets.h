// state/offsets.json: what the server has acked of each journal and log. A cache: where it is lost
// or old, the server's answer to the first request says where to go on.
#pragma once

#include <map>
#include <string>

#include "executor/context.h"
#include "executor/lifetime.h"

namespace rw::executor {

class Offsets {
 public:
  /// Reads the file where it is there and whole.
  Offsets(Context& context, std::string path);

  uint64_t Get(const std::string& key) const;
  /// Written to the file within a second.
  void Set(const std::string& key, uint64_t acked);
  void Save();  // soon, by a worker: the disk may be slow

  static std::string LogKey(const std::string& name) { return "log:" + name; }
  static std::string JournalKey(const std::string& writer) { return "journal:" + writer; }

 private:
  void SaveLater();

  Context& context_;
  std::string path_;
  std::map<std::string, uint64_t> acked_;
  bool save_due_ = false;
  bool saving_ = false;
  Lifetime lifetime_;
};

}  // namespace rw::executor
