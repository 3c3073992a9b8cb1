#include "server/model_request.h"

#include "cas/digest.h"
#include "os/paths.h"

namespace rw::server {
namespace {

Error Wrong(std::string field, const std::string& must) {
  std::string text = field + " must be " + must;
  return Error(Code::kInvalidArgument, text, std::move(field));
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

Status CheckModelName(const std::string& name) {
  bool good = !name.empty() && name.size() <= 255 && name.front() != '.' && name.front() != '-';
  for (char c : name) good = good && IsNameCharacter(c);
  if (good) return Ok();
  return Error(Code::kInvalidArgument,
               "a model's name has 1 to 255 letters, digits, '-', '_' and '.', the first one a "
               "letter, digit or '_'; '" +
                   name.substr(0, 300) + "' does not",
               "name");
}

Result<json::Value> TextMap(const json::Value& body, const std::string& key, bool null_allowed) {
  const json::Value& map = body[key];
  if (map.is_null()) return json::Value(json::Object{});
  if (!map.is_object()) return Wrong(key, "an object of texts");
  for (const auto& [name, value] : map.as_object())
    if (!value.is_string() && !(null_allowed && value.is_null()))
      return Wrong(key + "." + name, "a text");
  return map;
}

Result<meta::ModelFile> FileOf(const json::Value& entry, const std::string& field) {
  if (!entry.is_object()) return Wrong(field, "an object {path, digest, size}");
  std::string path = TRY(json::RequireString(entry, "path"));
  std::string digest = TRY(json::RequireString(entry, "digest"));
  if (!cas::Digest::Parse(digest)) return Wrong(field + ".digest", "64 lower-case hex digits");
  int64_t size = TRY(json::OptionalInt(entry, "size", -1, 0, INT64_MAX));
  return meta::ModelFile{TRY(os::CleanRelativePath(path, field + ".path")), digest, size};
}

Result<std::vector<meta::ModelFile>> FilesOf(const json::Value& body) {
  std::vector<meta::ModelFile> out;
  const json::Value& files = body["files"];
  if (files.is_null()) return out;
  if (!files.is_array()) return Wrong("files", "a list of {path, digest, size}");
  for (size_t i = 0; i < files.as_array().size(); i++)
    out.push_back(TRY(FileOf(files.as_array()[i], "files[" + std::to_string(i) + "]")));
  return out;
}

}  // namespace

Result<ModelRequest> ParseModelRequest(const json::Value& body) {
  ModelRequest request;
  meta::Model& model = request.model;
  model.name = TRY(json::RequireString(body, "name"));
  TRY(CheckModelName(model.name));
  model.run_id = TRY(json::OptionalString(body, "run_id"));
  request.model_path = TRY(json::OptionalString(body, "model_path"));
  model.files = TRY(FilesOf(body));
  if (model.files.empty() && model.run_id.empty())
    return Error(Code::kInvalidArgument, "either run_id with model_path or files must be given",
                 "files");
  if (model.files.empty() && request.model_path.empty()) request.model_path = model.name;
  if (!model.files.empty() && !request.model_path.empty())
    return Error(Code::kInvalidArgument, "model_path and files exclude each other", "model_path");
  model.tags = TRY(TextMap(body, "tags", true));
  model.properties = TRY(TextMap(body, "properties", false));
  model.description = TRY(json::OptionalString(body, "description"));
  model.framework = TRY(json::OptionalString(body, "framework"));
  model.framework_version = TRY(json::OptionalString(body, "framework_version"));
  model.resources = body["resources"];
  if (!model.resources.is_null() && !model.resources.is_object())
    return Wrong("resources", "an object");
  model.datasets = body["datasets"];
  if (!model.datasets.is_null() && !model.datasets.is_array()) return Wrong("datasets", "a list");
  return request;
}

Status ApplyModelPatch(const json::Value& patch, meta::Model* model) {
  json::Value tags = TRY(TextMap(patch, "tags", true));
  for (const auto& [key, value] : tags.as_object()) model->tags.Set(key, value);
  for (const std::string& key : TRY(json::OptionalStringList(patch, "remove_tags")))
    model->tags.as_object().erase(key);
  json::Value properties = TRY(TextMap(patch, "properties", false));
  for (const auto& [key, value] : properties.as_object()) {
    const json::Value& present = model->properties[key];
    if (!present.is_null() && !(present == value))
      return Error(Code::kConflict,
                   "property '" + key + "' exists with another value; properties are write-once",
                   "properties." + key);
    model->properties.Set(key, value);
  }
  if (!patch["description"].is_null())
    model->description = TRY(json::OptionalString(patch, "description"));
  return Ok();
}

}  // namespace rw::server
