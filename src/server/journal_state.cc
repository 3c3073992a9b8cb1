#include "server/journal_state.h"

namespace rw::server {

Result<JournalState> LoadJournalState(db::Connection& db, int64_t run_row,
                                      const std::string& writer) {
  auto row = TRY(db.Prepare(
      "SELECT offset, next_seq, state_json FROM journal_offsets WHERE run_row = ? AND writer = ?"));
  JournalState state;
  if (!TRY(row.Bind(run_row).Bind(writer).Step())) return state;
  state.offset = row.Int(0);
  state.next_seq = row.Int(1);
  json::Value stored = TRY(json::Parse(row.Text(2)));
  state.boot_id = stored.StringOr("boot_id");
  if (stored["shift_us"].is_int()) state.shift_us = stored["shift_us"].as_int();
  state.run_id = stored.StringOr("run_id");
  state.damaged = stored.BoolOr("damaged", false);
  return state;
}

Status SaveJournalState(db::Connection& db, int64_t run_row, const std::string& writer,
                        const JournalState& state, int64_t now_us) {
  json::Value stored = json::Object();
  if (state.shift_us) stored.Set("shift_us", *state.shift_us);
  stored.Set("boot_id", state.boot_id).Set("run_id", state.run_id).Set("damaged", state.damaged);
  auto save = TRY(db.Prepare(
      "INSERT INTO journal_offsets (run_row, writer, offset, next_seq, state_json, updated_us)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run_row, writer) DO UPDATE SET"
      " offset = excluded.offset, next_seq = excluded.next_seq, state_json = excluded.state_json,"
      " updated_us = excluded.updated_us"));
  save.Bind(run_row).Bind(writer).Bind(state.offset).Bind(state.next_seq);
  return save.Bind(json::Write(stored)).Bind(now_us).Run();
}

}  // namespace rw::server
