#include "keep/manifest.h"

#include "base/strings.h"
#include "os/paths.h"

namespace rw::keep {
namespace {

constexpr int64_t kFormat = 1;

uint64_t Size(const json::Value& value, std::string_view key) {
  return static_cast<uint64_t>(value.IntOr(key, 0));
}

}  // namespace

json::Value ToJson(const std::vector<Problem>& problems) {
  json::Value out = json::Array();
  for (const Problem& problem : problems)
    out.Append(json::Value().Set("what", problem.what).Set("why", problem.why));
  return out;
}

json::Value ToJson(const Manifest& m) {
  json::Value database, logs, blobs, out;
  database.Set("file", m.database_file).Set("sha256", m.database_sha256);
  database.Set("bytes", m.database_bytes);
  logs.Set("file", m.logs_file).Set("sha256", m.logs_sha256);
  logs.Set("count", m.logs).Set("bytes", m.log_bytes);
  blobs.Set("count", m.blobs).Set("bytes", m.blob_bytes);
  out.Set("format", kFormat).Set("created_time", m.created_time).Set("source", m.source);
  out.Set("database", std::move(database)).Set("logs", std::move(logs));
  out.Set("blobs", std::move(blobs)).Set("secrets_key_sha256", m.secrets_key_sha256);
  return out.Set("problems", ToJson(m.problems));
}

Result<Manifest> LoadManifest(os::FileSystem& fs, const std::string& folder) {
  auto text = os::ReadFile(fs, folder + "/" + kManifestFile, uint64_t{1} << 30);
  if (!text && text.error().code() == Code::kNotFound)
    return Error(Code::kNotFound, folder + " holds no finished backup: it has no " + kManifestFile);
  if (!text) return std::move(text).error();
  auto value = json::Parse(*text);
  if (!value)
    return Error(Code::kCorrupt, folder + "/" + kManifestFile + ": " + value.error().message());
  if (value->IntOr("format", 0) != kFormat)
    return Error(Code::kUnsupported, folder + " is a backup of format " +
                                         std::to_string(value->IntOr("format", 0)) +
                                         "; this runwright reads format 1");
  Manifest m;
  m.created_time = value->StringOr("created_time");
  m.source = value->StringOr("source");
  const json::Value& database = (*value)["database"];
  m.database_file = os::BaseName(database.StringOr("file"));
  m.database_sha256 = database.StringOr("sha256");
  m.database_bytes = Size(database, "bytes");
  const json::Value& logs = (*value)["logs"];
  m.logs_file = os::BaseName(logs.StringOr("file"));
  m.logs_sha256 = logs.StringOr("sha256");
  m.logs = Size(logs, "count");
  m.log_bytes = Size(logs, "bytes");
  m.blobs = Size((*value)["blobs"], "count");
  m.blob_bytes = Size((*value)["blobs"], "bytes");
  m.secrets_key_sha256 = value->StringOr("secrets_key_sha256");
  if ((*value)["problems"].is_array())
    for (const json::Value& problem : (*value)["problems"].as_array())
      m.problems.push_back({problem.StringOr("what"), problem.StringOr("why")});
  return m;
}

std::string WriteLogList(const std::vector<BackupLog>& logs) {
  std::string out;
  for (const BackupLog& log : logs) {
    out += log.sha256;
    out += ' ';
    out += std::to_string(log.bytes);
    out += ' ';
    out += log.path;
    out += '\n';
  }
  return out;
}

Result<std::vector<BackupLog>> ParseLogList(std::string_view text) {
  std::vector<BackupLog> logs;
  for (const std::string& line : Split(text, '\n')) {
    if (line.empty()) continue;
    std::vector<std::string> words = Split(line, ' ');
    auto bytes = words.size() == 3 ? ParseInt(words[1]) : std::nullopt;
    auto path = words.size() == 3 ? os::CleanRelativePath(words[2], "path")
                                  : Result<std::string>(std::string());
    if (!bytes || *bytes < 0 || !path || *path != words[2])
      return Error(Code::kCorrupt, "the list of logs has a damaged line: '" + line + "'");
    logs.push_back({words[2], words[0], static_cast<uint64_t>(*bytes)});
  }
  return logs;
}

}  // namespace rw::keep
