// Applies shipped journal bytes to the database: everything and the new offset in one operation of
// the writer, so a repeat changes nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "db/connection.h"

namespace rw::server {

struct JournalPiece {
  std::string run_id;
  std::string writer;  // 16 hex digits
  int64_t offset = 0;
  std::string bytes;
  int64_t now_us = 0;
};

struct Ingested {
  int64_t acked = 0;
  enum class Refusal { kNone, kGap, kDamaged } refusal = Refusal::kNone;
  std::vector<std::string> changed;  // runs whose state changed or that were made
  bool metrics = false;
  int64_t points = 0;                                  // values of metrics
  std::function<Status(db::Connection&)> late_offset;  // of the mutant offset_apart alone
};

/// kGap: nothing was applied, `acked` says where to go on. kDamaged: a record with a wrong length
/// or crc stands at `acked`; what came before it was applied, the run has a warning, and nothing
/// more of this writer is taken.
Result<Ingested> IngestJournal(db::Connection& db, const JournalPiece& piece);

}  // namespace rw::server
