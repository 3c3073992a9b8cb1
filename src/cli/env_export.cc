#include "cli/env_export.h"

#include "base/strings.h"
#include "cli/env_lock.h"

namespace rw::cli {
namespace {

std::vector<std::string> Strings(const json::Value& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const json::Value& one : list.as_array())
      if (one.is_string()) out.push_back(WithoutPasswords(one.as_string()));
  return out;
}

std::vector<std::string> IndexOptions(const json::Value& spec) {
  std::vector<std::string> out;
  std::string index = WithoutPasswords(spec.StringOr("index_url"));
  if (!index.empty()) out.push_back("--index-url " + index);
  for (const std::string& url : Strings(spec["extra_index_urls"]))
    out.push_back("--extra-index-url " + url);
  for (const std::string& place : Strings(spec["find_links"]))
    out.push_back("--find-links " + place);
  return out;
}

std::string PipLine(const LockedPackage& package) {
  std::string out = WithoutPasswords(package.line);
  for (const std::string& hash : package.hashes) out.append(" --hash=").append(hash);
  return out;
}

/// 'text' for a POSIX shell.
std::string ShellQuoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

/// The variables of an environment as `ENV NAME="value"`, in which Docker expands $.
std::string EnvLine(const std::string& name, const std::string& value) {
  std::string out = "ENV " + name + "=\"";
  for (char c : value) {
    if (c == '"' || c == '\\' || c == '$') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"\n";
}

/// A JSON text is a YAML text.
std::string YamlText(const std::string& text) { return json::Write(json::Value(text)); }

std::string Minor(const std::string& version) {
  std::vector<std::string> parts = Split(version, '.');
  return parts.size() < 2 ? version : parts[0] + "." + parts[1];
}

class Export {
 public:
  explicit Export(const EnvSubject& subject) : subject_(subject) {
    for (LockedPackage& package : ReadLock(subject.lock.value_or("")))
      (package.conda ? conda_ : pip_).push_back(std::move(package));
  }

  Result<std::string> Requirements() const {
    if (!conda_.empty())
      return Error(Code::kUnsupported,
                   subject_.title + " has " + std::to_string(conda_.size()) +
                       " conda packages, which a requirements.txt cannot name: use --format conda",
                   "format");
    std::string out = Head();
    out += "# pip install --no-deps -r requirements.txt, or: uv pip sync requirements.txt\n";
    for (const std::string& line : IndexOptions(subject_.spec)) out += line + "\n";
    for (const LockedPackage& package : pip_) out += PipLine(package) + "\n";
    return out;
  }

  std::string Conda() const {
    std::string out = Head() + "name: " + YamlText(subject_.name) + "\nchannels:\n";
    std::vector<std::string> channels = Strings(subject_.spec["channels"]);
    if (channels.empty()) channels = {"conda-forge"};
    for (const std::string& channel : channels) out += "- " + YamlText(channel) + "\n";
    out += "dependencies:\n";
    bool has_python = false;
    for (const LockedPackage& package : conda_) {
      has_python = has_python || package.name == "python";
      std::string text = package.name + "=" + package.version;
      if (!package.build.empty()) text += "=" + package.build;
      out += "- " + YamlText(text) + "\n";
    }
    if (!has_python && !subject_.python.empty()) out += "- python=" + subject_.python + "\n";
    if (!pip_.empty()) {
      out += "- pip\n- pip:\n";
      for (const std::string& line : IndexOptions(subject_.spec))
        out += "  - " + YamlText(line) + "\n";
      for (const LockedPackage& package : pip_) out += "  - " + YamlText(PipLine(package)) + "\n";
    }
    if (!subject_.variables.as_object().empty()) out += "variables:\n";
    for (const auto& [name, value] : subject_.variables.as_object())
      out += "  " + YamlText(name) + ": " + YamlText(Text(value)) + "\n";
    return out;
  }

  std::string Containerfile() const {
    std::string out = Head() + Base();
    for (const auto& [name, value] : subject_.variables.as_object())
      out += EnvLine(name, Text(value));
    if (!conda_.empty()) {
      std::vector<std::string> lines = {"@EXPLICIT"};
      for (const LockedPackage& package : conda_) lines.push_back(WithoutPasswords(package.url));
      out += Run("/tmp/explicit.txt", lines,
                 "micromamba install -y -n base --file /tmp/explicit.txt && rm /tmp/explicit.txt");
    }
    if (!pip_.empty()) {
      std::vector<std::string> lines = IndexOptions(subject_.spec);
      for (const LockedPackage& package : pip_) lines.push_back(PipLine(package));
      std::string python = conda_.empty() ? "python" : "micromamba run -n base python";
      out += Run("/tmp/requirements.txt", lines,
                 python +
                     " -m pip install --no-cache-dir --no-deps -r /tmp/requirements.txt && rm "
                     "/tmp/requirements.txt");
    }
    return out;
  }

 private:
  std::string Head() const {
    std::string out = "# " + subject_.title + ", exported by runwright\n";
    if (!subject_.python.empty()) out += "# Python " + subject_.python + "\n";
    for (const json::Value& warning : subject_.warnings.as_array())
      out += "# " + WithoutPasswords(Join(Split(warning.StringOr("message"), '\n'), " ")) + "\n";
    return out;
  }

  /// The environment's own image, else one with its Python.
  std::string Base() const {
    const json::Value& image = subject_.spec["image"];
    if (!image.StringOr("dockerfile").empty()) return image.StringOr("dockerfile") + "\n";
    if (!image.StringOr("name").empty()) return "FROM " + image.StringOr("name") + "\n";
    if (!conda_.empty()) return "FROM docker.io/mambaorg/micromamba:latest\n";
    return "FROM docker.io/library/python:" +
           (subject_.python.empty() ? "3" : Minor(subject_.python)) + "-slim\n";
  }

  static std::string Run(const std::string& file, const std::vector<std::string>& lines,
                         const std::string& then) {
    std::string out = "RUN printf '%s\\n'";
    for (const std::string& line : lines) out += " \\\n    " + ShellQuoted(line);
    return out + " \\\n    > " + file + " && " + then + "\n";
  }

  static std::string Text(const json::Value& value) {
    return value.is_string() ? value.as_string() : json::Write(value);
  }

  const EnvSubject& subject_;
  std::vector<LockedPackage> conda_;
  std::vector<LockedPackage> pip_;
};

}  // namespace

Result<std::string> ExportEnvironment(const EnvSubject& subject, const std::string& format) {
  const std::string kind = subject.spec.StringOr("kind", "interpreter");
  bool image = subject.spec["image"].is_object();
  if (kind == "interpreter" && !(image && format == "containerfile"))
    return Error(Code::kFailedPrecondition,
                 subject.title + " uses " +
                     (image ? "an image" : subject.spec.StringOr("interpreter_path", "python")) +
                     " as it is: nothing is installed, so there is nothing to write" +
                     (image ? "; --format containerfile names the image" : ""));
  if (!subject.lock && kind != "interpreter")
    return Error(Code::kFailedPrecondition,
                 subject.title + " was never resolved; `runwright env build` does that first");
  Export made(subject);
  if (format == "conda") return made.Conda();
  if (format == "containerfile") return made.Containerfile();
  return made.Requirements();
}

}  // namespace rw::cli
