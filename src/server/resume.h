// Runs that begin with the files of an earlier one.
#pragma once

#include "server/server_context.h"

namespace rw::server {

/// Member resume_from of a submission in full: {"run_id", "path"}; null where it is absent.
/// kNotFound where the run is not in the workspace, kFailedPrecondition where it ended without such
/// files.
Result<json::Value> CheckResume(ServerContext& context, const std::string& workspace_id,
                                const json::Value& body);

/// [{"path", "digest"}]: the files below resume_from's path that are stored by now; paths are
/// relative to it.
Result<json::Value> ResumeFiles(db::Connection& db, const json::Value& resume_from);

}  // namespace rw::server
