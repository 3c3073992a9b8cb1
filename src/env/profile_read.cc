#include "env/profile_read.h"

#include <algorithm>

#include "base/strings.h"
#include "env/requirement.h"
#include "env/spec.h"
#include "env/spec_text.h"

namespace rw::env {
namespace {

/// One object of a file; errors name its members.
class Reader {
 public:
  Reader(const json::Value& value, std::string at) : value_(value), at_(std::move(at)) {}

  Status Known(const std::vector<std::string>& members) const {
    return CheckNested(value_, at_.empty() ? "file" : at_, members);
  }
  Result<std::string> Text(const char* key) const {
    return CleanText(value_, key, at_.empty() ? "" : at_ + ".");
  }
  Result<std::string> Needed(const char* key) const {
    std::string text = TRY(Text(key));
    if (text.empty()) return InvalidSpec(Name(key) + " is missing", Name(key));
    return text;
  }
  Result<std::vector<std::string>> Texts(const char* key) const {
    auto list = json::OptionalStringList(value_, key);
    if (!list) return InvalidSpec(Name(key) + " must be a list of strings", Name(key));
    return list;
  }
  Result<ReleaseRange> Range(const char* key) const {
    auto range = ReleaseRange::Parse(TRY(Text(key)));
    if (!range) return InvalidSpec(Name(key) + " " + range.error().message(), Name(key));
    return range;
  }
  Result<bool> Flag(const char* key) const {
    if (value_[key].is_null()) return false;
    if (!value_[key].is_bool()) return InvalidSpec(Name(key) + " must be true or false", Name(key));
    return value_[key].as_bool();
  }
  /// Requirement lines in one spelling.
  Result<std::vector<std::string>> Requirements(const char* key) const {
    std::vector<std::string> out;
    for (const std::string& line : TRY(Texts(key))) {
      auto read = TRY(ParseRequirement(line, out.size(), Name(key)));
      if (!read) return InvalidSpec(Name(key) + " holds an empty line", Name(key));
      out.push_back(read->canonical);
    }
    return out;
  }
  Result<std::vector<Reader>> Objects(const char* key) const {
    std::vector<Reader> out;
    const json::Value& list = value_[key];
    if (list.is_null()) return out;
    if (!list.is_array()) return InvalidSpec(Name(key) + " must be a list", Name(key));
    for (const json::Value& item : list.as_array())
      out.emplace_back(item, Name(key) + "[" + std::to_string(out.size()) + "]");
    return out;
  }
  std::string Name(const char* key) const { return at_.empty() ? key : at_ + "." + key; }
  const json::Value& value() const { return value_; }

 private:
  const json::Value& value_;
  std::string at_;
};

Result<PackageRule> ReadRule(const Reader& reader) {
  TRY(reader.Known({"package", "versions", "python", "without_gpu", "use", "drop", "nearest",
                    "beside", "constraints", "build_constraints", "shims", "reason"}));
  PackageRule out;
  out.package = TRY(reader.Needed("package"));
  out.versions = TRY(reader.Range("versions"));
  out.python = TRY(reader.Range("python"));
  out.without_gpu = TRY(reader.Flag("without_gpu"));
  out.use = TRY(reader.Requirements("use"));
  out.drop = TRY(reader.Flag("drop"));
  out.nearest = TRY(reader.Text("nearest"));
  TRY(reader.Range("nearest"));
  out.beside = TRY(reader.Requirements("beside"));
  out.constraints = TRY(reader.Requirements("constraints"));
  out.build_constraints = TRY(reader.Requirements("build_constraints"));
  out.shims = TRY(reader.Texts("shims"));
  out.reason = TRY(reader.Text("reason"));
  out.text = json::Write(reader.value());
  if (out.substitutes() && out.reason.empty())
    return InvalidSpec(reader.Name("reason") + " is missing: people read why",
                       reader.Name("reason"));
  if ((out.drop ? 1 : 0) + (out.use.empty() ? 0 : 1) + (out.nearest.empty() ? 0 : 1) > 1)
    return InvalidSpec(reader.Name("use") + ", drop and nearest exclude each other",
                       reader.Name("use"));
  return out;
}

Status ReadRules(const Reader& reader, const char* key, Profiles& out) {
  for (const Reader& rule : TRY(reader.Objects(key))) out.packages.push_back(TRY(ReadRule(rule)));
  return Ok();
}

Result<ProvidedBy> ReadProvidedBy(const Reader& reader) {
  TRY(reader.Known({"interpreter", "distribution", "versions", "constraints"}));
  ProvidedBy out;
  out.interpreter = TRY(reader.Needed("interpreter"));
  if (!out.interpreter.starts_with('/'))
    return InvalidSpec(reader.Name("interpreter") + " must be an absolute path",
                       reader.Name("interpreter"));
  out.distribution = TRY(reader.Needed("distribution"));
  out.versions = TRY(reader.Range("versions"));
  out.constraints = TRY(reader.Requirements("constraints"));
  return out;
}
}  // namespace

Status ReadFrameworkProfile(const json::Value& file, Profiles& out) {
  Reader reader(file, "");
  TRY(reader.Known({"name", "versions", "default", "package", "packages", "provided_by", "shims",
                    "shims_without_gpu", "rules"}));
  FrameworkProfile profile;
  profile.name = TRY(reader.Needed("name"));
  profile.versions = TRY(reader.Texts("versions"));
  profile.default_version = TRY(reader.Needed("default"));
  profile.package = TRY(reader.Needed("package"));
  profile.packages = TRY(reader.Requirements("packages"));
  for (const Reader& one : TRY(reader.Objects("provided_by")))
    profile.provided_by.push_back(TRY(ReadProvidedBy(one)));
  profile.shims = TRY(reader.Texts("shims"));
  profile.shims_without_gpu = TRY(reader.Texts("shims_without_gpu"));
  TRY(ReadRules(reader, "rules", out));
  json::Value own = file;
  own.as_object().erase("rules");
  profile.text = json::Write(own);
  std::string name = profile.name;
  out.frameworks.insert_or_assign(name, std::move(profile));
  return Ok();
}

Status ReadPackageRules(const json::Value& file, Profiles& out) {
  Reader reader(file, "");
  TRY(reader.Known({"rules"}));
  return ReadRules(reader, "rules", out);
}

Status ReadImageMap(const json::Value& file, Profiles& out) {
  Reader reader(file, "");
  TRY(reader.Known({"rules"}));
  for (const Reader& one : TRY(reader.Objects("rules"))) {
    TRY(one.Known({"pattern", "use", "python", "note", "quiet"}));
    ImageRule rule{TRY(one.Needed("pattern")), TRY(one.Needed("use")), TRY(one.Text("python")),
                   TRY(one.Text("note")),      TRY(one.Flag("quiet")), json::Write(one.value())};
    if (rule.use != "process" && !rule.use.starts_with("image:"))
      return InvalidSpec(one.Name("use") + " must be \"process\" or \"image:NAME\"",
                         one.Name("use"));
    if (rule.use.starts_with("image:")) rule.use.erase(0, 6);
    out.images.push_back(std::move(rule));
  }
  return Ok();
}

Status ReadShimRules(const json::Value& file, Profiles& out) {
  Reader reader(file, "");
  TRY(reader.Known({"rules"}));
  for (const Reader& one : TRY(reader.Objects("rules"))) {
    TRY(one.Known({"shim", "package", "versions"}));
    out.shims.push_back({TRY(one.Needed("shim")), TRY(one.Needed("package")),
                         TRY(one.Range("versions")), json::Write(one.value())});
  }
  return Ok();
}

Status ReadCurated(const json::Value& file, Profiles& out) {
  Reader reader(file, "");
  TRY(reader.Known({"environments"}));
  for (const Reader& one : TRY(reader.Objects("environments"))) {
    TRY(one.Known({"name", "spec", "description"}));
    CuratedEnvironment made{TRY(one.Needed("name")), one.value()["spec"],
                            TRY(one.Text("description"))};
    auto spec = ParseSpec(made.spec);
    if (!spec)
      return InvalidSpec(one.Name("spec") + ": " + spec.error().message(),
                         one.Name("spec") + "." + spec.error().field());
    std::erase_if(out.curated, [&](const auto& other) { return other.name == made.name; });
    out.curated.push_back(std::move(made));
  }
  return Ok();
}

}  // namespace rw::env
