#include "cli/environment_choice.h"

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {
constexpr int kMostIncludes = 16;

struct Requirements {
  json::Array lines;
  std::string index_url;
  json::Array extra_index_urls;
  json::Array find_links;
};

/// The value of "-i URL", "--index-url URL" or "--index-url=URL"; nullopt where the line is another
/// option.
std::optional<std::string> OptionValue(const std::string& line, std::string_view short_name,
                                       std::string_view long_name) {
  for (std::string_view name : {short_name, long_name}) {
    if (name.empty() || !line.starts_with(name) || line.size() == name.size()) continue;
    char next = line[name.size()];
    if (next != ' ' && next != '=' && next != '\t') continue;
    return std::string(Trim(std::string_view(line).substr(name.size() + 1)));
  }
  return std::nullopt;
}

std::string WithoutComment(const std::string& line) {
  size_t at = line.find('#');
  while (at != std::string::npos && at > 0 && line[at - 1] != ' ' && line[at - 1] != '\t')
    at = line.find('#', at + 1);  // part of a URL
  return std::string(Trim(line.substr(0, at)));
}

Status ReadInto(const std::string& path, int depth, Requirements& out) {
  if (depth > kMostIncludes)
    return Error(Code::kInvalidArgument, path + ": -r includes are too deep", "env-file");
  std::string text = TRY(os::ReadFile(os::PosixFileSystem(), path, 1 << 20));
  std::vector<std::string> lines = Split(text, '\n');
  std::string joined;
  for (size_t i = 0; i < lines.size(); i++) {
    joined += lines[i];
    if (!joined.empty() && joined.back() == '\r') joined.pop_back();
    if (joined.ends_with('\\')) {
      joined.pop_back();
      continue;
    }
    std::string line = WithoutComment(joined);
    joined.clear();
    if (line.empty()) continue;
    if (auto file = OptionValue(line, "-r", "--requirement")) {
      std::string other = file->starts_with('/') ? *file : os::JoinPath(os::DirName(path), *file);
      TRY(ReadInto(other, depth + 1, out));
    } else if (auto url = OptionValue(line, "-i", "--index-url")) {
      out.index_url = *url;
    } else if (auto extra = OptionValue(line, "", "--extra-index-url")) {
      out.extra_index_urls.push_back(*extra);
    } else if (auto links = OptionValue(line, "-f", "--find-links")) {
      out.find_links.push_back(*links);
    } else if (line[0] == '-') {
      return Error(Code::kInvalidArgument,
                   path + ":" + std::to_string(i + 1) + ": '" + line +
                       "' is not supported here; use requirement lines, -r, --index-url, "
                       "--extra-index-url and --find-links",
                   "env-file");
    } else {
      out.lines.push_back(line);
    }
  }
  return Ok();
}

json::Value SpecOf(Requirements requirements) {
  json::Value spec;
  spec.Set("kind", "pip").Set("requirements", std::move(requirements.lines));
  if (!requirements.index_url.empty()) spec.Set("index_url", requirements.index_url);
  if (!requirements.extra_index_urls.empty())
    spec.Set("extra_index_urls", std::move(requirements.extra_index_urls));
  if (!requirements.find_links.empty()) spec.Set("find_links", std::move(requirements.find_links));
  return spec;
}

Result<json::Value> Interpreter(Context& context, const std::string& wanted) {
  std::string path = wanted.find('/') == std::string::npos ? context.here().FindProgram(wanted)
                                                           : context.here().Absolute(wanted);
  if (path.empty() || !os::Exists(os::PosixFileSystem(), path))
    return Error(
        Code::kInvalidArgument,
        "no interpreter '" + wanted + "' here; give its path with --python, or packages with --pip",
        "python");
  json::Value spec;
  return spec.Set("kind", "interpreter").Set("interpreter_path", path);
}

Result<json::Value> Registered(Context& context, const std::string& text) {
  size_t colon = text.find(':');
  std::string version = colon == std::string::npos ? "" : text.substr(colon + 1);
  client::Api* api = TRY(context.Api());
  json::Value found =
      TRY(api->Environment(TRY(context.WorkspaceId()), text.substr(0, colon), version));
  return found["spec"];
}
}  // namespace

Result<json::Value> ReadRequirements(const std::string& path) {
  Requirements requirements;
  TRY(ReadInto(path, 0, requirements));
  return SpecOf(std::move(requirements));
}

Result<json::Value> EnvironmentOf(Context& context, const SubmitOptions& o) {
  if (!o.env_name.empty()) return Registered(context, o.env_name);
  if (o.env_file.empty() && o.pip.empty())
    return Interpreter(context, o.python.empty() ? "python3" : o.python);
  Requirements requirements;
  if (!o.env_file.empty()) TRY(ReadInto(context.here().Absolute(o.env_file), 0, requirements));
  for (const std::string& package : o.pip) requirements.lines.push_back(package);
  json::Value spec = SpecOf(std::move(requirements));
  if (!o.python.empty()) spec.Set("python", o.python);
  return spec;
}

}  // namespace rw::cli
