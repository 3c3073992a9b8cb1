#include "server/journal_ingest.h"

#include <set>

#include "base/mutant.h"
#include "journal/record.h"
#include "server/journal_apply.h"

namespace rw::server {
namespace {

Status Damaged(db::Connection& db, int64_t run_row, const JournalPiece& piece,
               const JournalState& state) {
  return meta::AddWarning(db, run_row, "journal",
                          "The journal of writer " + piece.writer + " is damaged at byte " +
                              std::to_string(state.offset) + "; what follows in it is lost.");
}

}  // namespace

Result<Ingested> IngestJournal(db::Connection& db, const JournalPiece& piece) {
  auto run = TRY(meta::LoadRun(db, piece.run_id));
  JournalState state = TRY(LoadJournalState(db, run.row, piece.writer));
  Ingested out{.acked = state.offset};
  if (state.damaged) {
    out.refusal = Ingested::Refusal::kDamaged;
    return out;
  }
  if (piece.offset > state.offset) {
    out.refusal = Ingested::Refusal::kGap;
    return out;
  }
  auto known = static_cast<size_t>(state.offset - piece.offset);
  if (MutantPlanted("repeat_applied") && known == piece.bytes.size()) {
    known = 0;
    state.offset = piece.offset;
  }
  if (known >= piece.bytes.size()) return out;
  auto batch = journal::ParseRecords(std::string_view(piece.bytes).substr(known),
                                     static_cast<uint64_t>(state.offset));
  JournalApplier applier(db, run, piece.writer, state, piece.now_us);
  for (const journal::Record& record : batch.records) TRY(applier.Apply(record));
  TRY(applier.Finish());
  state.offset += static_cast<int64_t>(batch.size);
  if (batch.tail == journal::Tail::kDamaged) {
    state.damaged = true;
    out.refusal = Ingested::Refusal::kDamaged;
    TRY(Damaged(db, run.row, piece, state));
  }
  if (MutantPlanted("offset_apart"))
    out.late_offset = [row = run.row, piece, state](db::Connection& later) {
      return SaveJournalState(later, row, piece.writer, state, piece.now_us);
    };
  else
    TRY(SaveJournalState(db, run.row, piece.writer, state, piece.now_us));
  out.acked = state.offset;
  out.changed = applier.changed();
  out.metrics = applier.has_metrics();
  out.points = applier.points();
  return out;
}

}  // namespace rw::server
