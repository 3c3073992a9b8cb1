// When a run has ended, the small segments that its metrics were logged in become few. A queue in
// the database says which runs are due, so that a restart goes on where the last server was.
#pragma once

#include <string_view>

#include "db/connection.h"

namespace rw::meta {

/// The queue and, of a long one, the name up to which a run's metrics are packed.
inline constexpr std::string_view kPackingSchema = R"sql(
CREATE TABLE runs_to_pack (run_row INTEGER PRIMARY KEY, after_name TEXT NOT NULL DEFAULT '');
)sql";

/// The run has ended, or values came after its end. A repeat begins anew.
Status QueuePacking(db::Connection& db, int64_t run_row);
Result<bool> IsPackingDue(db::Connection& db);
/// One small step (some milliseconds at most); true while there is more. Readers see the same
/// values before and after; a damaged segment stays, with what it keeps apart.
Result<bool> PackSome(db::Connection& db);

}  // namespace rw::meta
