// What the next bytes of one writer's journal are read with.
#pragma once

#include <optional>
#include <string>

#include "db/connection.h"
#include "json/value.h"

namespace rw::server {

struct JournalState {
  int64_t offset = 0;  // bytes that are applied
  int64_t next_seq = 0;
  std::string boot_id;  // of the writer, by its open record
  /// Wall time minus boot time at the open record: what later records' boot times are shown by, so
  /// that a clock that is set meanwhile makes no run longer or shorter.
  std::optional<int64_t> shift_us;
  std::string run_id;  // the current run; empty: the one that the journal is shipped for
  bool damaged = false;
};

Result<JournalState> LoadJournalState(db::Connection& db, int64_t run_row,
                                      const std::string& writer);
Status SaveJournalState(db::Connection& db, int64_t run_row, const std::string& writer,
                        const JournalState& state, int64_t now_us);

}  // namespace rw::server
