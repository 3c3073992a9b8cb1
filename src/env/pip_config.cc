#include "env/pip_config.h"

#include <map>

#include "base/strings.h"

namespace rw::env {
namespace {
/// Options of one level by their long name, values as written (many-valued ones separated by
/// whitespace).
using Options = std::map<std::string, std::string>;

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (char c : text) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::string OptionName(std::string_view text) {
  std::string name = Lower(Trim(text));
  for (char& c : name)
    if (c == '_') c = '-';
  return name.starts_with("--") ? name.substr(2) : name;
}

/// Python's configparser: sections, `key = value` or `key: value`, indented lines go on with the
/// value.
void ReadIni(const std::string& text, std::map<std::string, Options>& sections) {
  std::string section;
  std::string* value = nullptr;
  for (const std::string& raw : Split(text, '\n')) {
    std::string_view line = Trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    bool indented = raw[0] == ' ' || raw[0] == '\t';
    if (indented && value != nullptr) {
      value->append("\n").append(line);
    } else if (line[0] == '[' && line.back() == ']') {
      section = std::string(line.substr(1, line.size() - 2));
      value = nullptr;
    } else {
      size_t separator = line.find_first_of("=:");
      if (separator == std::string_view::npos) continue;
      value = &sections[section][OptionName(line.substr(0, separator))];
      *value = std::string(Trim(line.substr(separator + 1)));
    }
  }
}

void Merge(const Options& from, Options& into) {
  for (const auto& [name, value] : from) into[name] = value;
}

void MergeFile(const std::string& path, const ReadText& read, Options& into) {
  std::optional<std::string> text = read(path);
  if (!text) return;
  std::map<std::string, Options> sections;
  ReadIni(*text, sections);
  Merge(sections["global"], into);
  Merge(sections["install"], into);
}

std::vector<std::string> ConfigFiles(const Variables& variables, const std::string& prefix) {
  std::string own = Get(variables, "PIP_CONFIG_FILE");
  if (own == "/dev/null") return {};
  std::vector<std::string> out;
  std::string dirs = Get(variables, "XDG_CONFIG_DIRS");
  for (const std::string& folder : Split(dirs.empty() ? "/etc/xdg" : dirs, ':'))
    if (!folder.empty()) out.push_back(folder + "/pip/pip.conf");
  out.push_back("/etc/pip.conf");
  std::string home = Get(variables, "HOME");
  std::string config = Get(variables, "XDG_CONFIG_HOME");
  out.push_back(home + "/.pip/pip.conf");
  out.push_back((config.empty() ? home + "/.config" : config) + "/pip/pip.conf");
  if (!prefix.empty()) out.push_back(prefix + "/pip.conf");
  if (!own.empty()) out.push_back(own);
  return out;
}

bool IsTrue(const std::string& text) {
  std::string lower = Lower(Trim(text));
  return lower == "1" || lower == "true" || lower == "yes" || lower == "on" || lower == "y" ||
         lower == "t";
}

void Default(Variables& variables, const std::string& name, const std::string& value) {
  if (!value.empty() && Get(variables, name).empty()) variables[name] = value;
}
}  // namespace

PipSettings ReadPipSettings(const Variables& variables, const std::string& prefix,
                            const ReadText& read) {
  Options options;
  for (const std::string& path : ConfigFiles(variables, prefix)) MergeFile(path, read, options);
  for (const auto& [name, value] : variables)
    if (name.starts_with("PIP_") && !value.empty()) options[OptionName(name.substr(4))] = value;
  PipSettings out;
  out.index_url = std::string(Trim(options["index-url"]));
  out.extra_index_urls = Words(options["extra-index-url"]);
  out.find_links = Words(options["find-links"]);
  out.trusted_hosts = Words(options["trusted-host"]);
  out.constraints = Words(options["constraint"]);
  out.no_index = IsTrue(options["no-index"]);
  out.pre = IsTrue(options["pre"]);
  out.cert = std::string(Trim(options["cert"]));
  out.proxy = std::string(Trim(options["proxy"]));
  std::string timeout =
      options.contains("timeout") ? options["timeout"] : options["default-timeout"];
  if (auto seconds = ParseDouble(Trim(timeout)); seconds && *seconds >= 1)
    out.timeout = std::to_string(static_cast<int64_t>(*seconds));
  return out;
}

Variables UvVariables(const Variables& server, const PipSettings& pip, const EnvironmentSpec& spec,
                      Secrets& secrets) {
  Variables out = ForTools(server);
  std::erase_if(out, [](const auto& v) { return v.first.starts_with("PIP_"); });
  bool own_index = !Get(out, "UV_DEFAULT_INDEX").empty() || !Get(out, "UV_INDEX_URL").empty();
  if (!own_index) Default(out, "UV_DEFAULT_INDEX", pip.index_url);
  if (Get(out, "UV_INDEX").empty())
    Default(out, "UV_EXTRA_INDEX_URL", Join(pip.extra_index_urls, " "));
  Default(out, "UV_FIND_LINKS", Join(pip.find_links, ","));
  Default(out, "UV_INSECURE_HOST", Join(pip.trusted_hosts, " "));
  Default(out, "UV_CONSTRAINT", Join(pip.constraints, " "));
  if (pip.no_index) Default(out, "UV_NO_INDEX", "1");
  if (pip.pre) Default(out, "UV_PRERELEASE", "allow");
  Default(out, "SSL_CERT_FILE", pip.cert);
  Default(out, "UV_HTTP_TIMEOUT", pip.timeout);
  if (!pip.proxy.empty() && Get(out, "https_proxy").empty() && Get(out, "HTTPS_PROXY").empty()) {
    std::string proxy =
        pip.proxy.find("://") == std::string::npos ? "http://" + pip.proxy : pip.proxy;
    out["HTTPS_PROXY"] = proxy;
    Default(out, "HTTP_PROXY", proxy);
  }
  if (!out.contains("UV_SYSTEM_CERTS")) out["UV_SYSTEM_CERTS"] = "1";
  if (!spec.index_url.empty()) {
    out.erase("UV_INDEX_URL");
    out["UV_DEFAULT_INDEX"] = spec.index_url;
  }
  auto add = [&](const char* name, const std::vector<std::string>& items, const char* separator) {
    std::string& value = out[name];
    if (items.empty()) {
      if (value.empty()) out.erase(name);
      return;
    }
    value += (value.empty() ? "" : separator) + Join(items, separator);
  };
  add("UV_EXTRA_INDEX_URL", spec.extra_index_urls, " ");
  add("UV_FIND_LINKS", spec.find_links, ",");
  // pip takes the best version of all indexes; uv alone would stop at the first index that has the
  // name.
  if (out.contains("UV_EXTRA_INDEX_URL")) Default(out, "UV_INDEX_STRATEGY", "unsafe-best-match");
  for (const char* name : {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL",
                           "UV_FIND_LINKS", "HTTPS_PROXY", "HTTP_PROXY"})
    secrets.Learn(Get(out, name));
  for (const std::string& requirement : spec.requirements) secrets.Learn(requirement);
  return out;
}

}  // namespace rw::env
