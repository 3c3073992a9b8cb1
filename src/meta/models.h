// Registered models: named, versioned files with where they came from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

struct ModelFile {
  std::string path;  // begins with the last segment of what was registered
  std::string digest;
  int64_t size = 0;
};

struct Model {
  int64_t row = 0;
  std::string workspace_id;
  std::string name;
  int64_t version = 0;
  std::string run_id;      // "" where it came from no run
  std::string experiment;  // the run's
  std::string description;
  json::Value tags = json::Object{};        // texts or null
  json::Value properties = json::Object{};  // texts
  std::string framework;
  std::string framework_version;
  json::Value resources;
  json::Value datasets;
  std::string snapshot_id;
  std::string env_id;
  int64_t created_us = 0;
  std::vector<ModelFile> files;  // not in lists
};
json::Value ToJson(const Model& model);

struct ModelFilter {
  std::string name;
  std::string run_id;
  std::vector<std::string> tags;  // "key" or "key=value", all must hold
  bool latest = false;            // only the newest version of each name
  int64_t before_row = INT64_MAX;
  int64_t limit = 100;
};

class ModelRepository {
 public:
  explicit ModelRepository(db::Connection& db) : db_(db) {}
  /// Sets row and version: one above the highest ever given to this name, deleted ones counted.
  Status Insert(Model* model);
  /// Without a version the highest. With files. kNotFound names it, with near matches.
  Result<Model> Get(const std::string& workspace_id, const std::string& name,
                    std::optional<int64_t> version);
  /// Newest first.
  Result<std::vector<Model>> List(const std::string& workspace_id, const ModelFilter& filter);
  /// description, tags and properties of `model`.
  Status Update(const Model& model);
  Status Delete(int64_t row, int64_t now_us);

 private:
  Result<std::vector<ModelFile>> FilesOf(int64_t row);
  Result<Error> NotFound(const std::string& workspace_id, const std::string& name,
                         std::optional<int64_t> version);
  db::Connection& db_;
};

}  // namespace rw::meta
