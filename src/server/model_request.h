// The body of a registration, read and checked.
#pragma once

#include <string>

#include "json/value.h"
#include "meta/models.h"

namespace rw::server {

struct ModelRequest {
  meta::Model model;       // files only where the request lists them
  std::string model_path;  // with run_id
};

/// kInvalidArgument names the field.
Result<ModelRequest> ParseModelRequest(const json::Value& body);

/// PATCH: `{tags?, remove_tags?, properties?, description?}` applied to `model`. A property that
/// exists with another value is kConflict.
Status ApplyModelPatch(const json::Value& patch, meta::Model* model);

}  // namespace rw::server
