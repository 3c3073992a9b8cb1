#include "meta/run_ref.h"

namespace rw::meta {

Result<RunRef> FindRunRef(db::Connection& db, const std::string& run_id) {
  auto row =
      TRY(db.Prepare("SELECT row, id, workspace_id, experiment, status, snapshot_id, env_id"
                     " FROM runs WHERE id=?"));
  row.Bind(run_id);
  if (!TRY(row.Step())) return Error(Code::kNotFound, "no run '" + run_id + "'", "run");
  return RunRef{row.Int(0),  row.Text(1), row.Text(2), row.Text(3),
                row.Text(4), row.Text(5), row.Text(6)};
}

}  // namespace rw::meta
