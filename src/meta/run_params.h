// Parameters of runs: what the arguments say (model/run_params.h) and what clients set.
#pragma once

#include <map>
#include <string>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

/// Sets those of `params`; others stay.
Status SetParams(db::Connection& db, int64_t run_row,
                 const std::map<std::string, std::string>& params);

/// {"lr": "0.1"}
Result<json::Value> ParamsToJson(db::Connection& db, int64_t run_row);

}  // namespace rw::meta
