// The files of runs by name, and which logs stand for a file while they grow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

struct Artifact {
  std::string name;    // clean: "outputs/model.pkl"
  std::string digest;  // of its blob; empty for a live log
  int64_t size = 0;
  std::string source;  // "upload", "scan" or "log"
  int64_t updated_us = 0;
  int64_t log_number = 0;  // live logs: the number of its file

  bool live() const { return digest.empty(); }
};
json::Value ToJson(const Artifact& artifact);

/// What naming a blob did.
enum class Naming {
  kNew,       // a name that did not exist
  kReplaced,  // a scanned file of that name is replaced
  kSame,      // it was there already with these bytes; nothing changed
  kKept,      // a scan met an explicit upload, which stays
};

class ArtifactRepository {
 public:
  explicit ArtifactRepository(db::Connection& db) : db_(db) {}
  /// Sorted by name; a log that is not stored as a blob yet is listed live.
  Result<std::vector<Artifact>> List(int64_t run_row, const std::string& prefix);
  Result<std::optional<Artifact>> Find(int64_t run_row, const std::string& name);
  /// `artifact.source` is "upload" or "scan". kConflict: an upload meets another upload or a log of
  /// that name with other bytes.
  Result<Naming> Name(int64_t run_row, const Artifact& artifact);

 private:
  Result<std::optional<Artifact>> FindStored(int64_t run_row, const std::string& name);
  Result<std::optional<Artifact>> FindLog(int64_t run_row, const std::string& name);
  db::Connection& db_;
};

}  // namespace rw::meta
