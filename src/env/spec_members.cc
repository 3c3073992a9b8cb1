#include "env/spec_members.h"

#include <algorithm>

#include "base/strings.h"
#include "env/secrets.h"
#include "env/spec_text.h"

namespace rw::env {
namespace {
constexpr size_t kMostCredentials = 100;
constexpr size_t kMostDockerfile = 256 << 10;
constexpr size_t kMostImageName = 512;

bool IsSecretName(std::string_view text) { return IsPlainWord(text, "-", 127); }

/// "1.13", "5.1.0": one to four numbers of one to four digits.
bool IsPlainVersion(std::string_view text) {
  std::vector<std::string> parts = Split(text, '.');
  return parts.size() <= 4 && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
           return !part.empty() && part.size() <= 4 &&
                  std::all_of(part.begin(), part.end(),
                              [](char c) { return c >= '0' && c <= '9'; });
         });
}

Result<CredentialRef> ReadCredential(const json::Value& value, const std::string& field) {
  TRY(CheckNested(value, field, {"url", "secret"}));
  CredentialRef out{TRY(CleanText(value, "url", field + ".")),
                    TRY(CleanText(value, "secret", field + "."))};
  bool web = out.url.starts_with("https://") || out.url.starts_with("http://");
  if (!web || out.url.find_first_of(" \t,") != std::string::npos)
    return InvalidSpec(field + ".url \"" + MaskUserInfo(out.url) +
                           "\" must begin with https:// or http:// and hold no space or comma",
                       field + ".url");
  if (MaskUserInfo(out.url) != out.url)
    return InvalidSpec(field + ".url holds a user name: put it in the secret, as user:password",
                       field + ".url");
  if (!IsSecretName(out.secret))
    return InvalidSpec(field + ".secret \"" + out.secret +
                           "\" is no secret's name: 1 to 127 letters, digits and dashes",
                       field + ".secret");
  return out;
}

bool IsSnapshotId(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A Dockerfile keeps its lines; nothing else of its text is looked at.
Result<std::string> ReadDockerfile(const json::Value& value) {
  const json::Value& member = value["dockerfile"];
  if (member.is_null()) return std::string();
  if (!member.is_string()) return InvalidSpec("image.dockerfile must be text", "image.dockerfile");
  const std::string& text = member.as_string();
  if (Trim(text).empty()) return std::string();
  if (text.size() > kMostDockerfile)
    return InvalidSpec("image.dockerfile is longer than 256 KiB", "image.dockerfile");
  for (char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
      return InvalidSpec("image.dockerfile holds a control character", "image.dockerfile");
  return text;
}

Status ReadRegistry(const json::Value& value, Image& image) {
  if (value.is_null()) return Ok();
  TRY(CheckNested(value, "image.registry", {"address", "username", "password_secret"}));
  image.registry_address = TRY(CleanText(value, "address", "image.registry."));
  image.registry_username = TRY(CleanText(value, "username", "image.registry."));
  image.registry_secret = TRY(CleanText(value, "password_secret", "image.registry."));
  if (!image.registry_address.empty() && !IsPlainWord(image.registry_address, "._-:/", 255))
    return InvalidSpec("image.registry.address \"" + MaskUserInfo(image.registry_address) +
                           "\" is no registry: write host or host:port",
                       "image.registry.address");
  if (!image.registry_secret.empty() && !IsSecretName(image.registry_secret))
    return InvalidSpec("image.registry.password_secret \"" + image.registry_secret +
                           "\" is no secret's name: 1 to 127 letters, digits and dashes",
                       "image.registry.password_secret");
  return Ok();
}
}  // namespace

Result<std::vector<CredentialRef>> ReadCredentials(const json::Value& value) {
  const json::Value& member = value["credentials"];
  std::vector<CredentialRef> out;
  if (member.is_null()) return out;
  if (!member.is_array()) return InvalidSpec("credentials must be a list", "credentials");
  if (member.as_array().size() > kMostCredentials)
    return InvalidSpec("credentials has more than 100 entries", "credentials");
  for (size_t i = 0; i < member.as_array().size(); i++) {
    std::string field = "credentials[" + std::to_string(i) + "]";
    CredentialRef one = TRY(ReadCredential(member.as_array()[i], field));
    if (std::find(out.begin(), out.end(), one) != out.end()) continue;
    bool taken = std::any_of(out.begin(), out.end(),
                             [&](const CredentialRef& other) { return other.url == one.url; });
    if (taken)
      return InvalidSpec(field + ".url " + one.url + " is there twice, with two secrets",
                         field + ".url");
    out.push_back(std::move(one));
  }
  std::sort(out.begin(), out.end(),
            [](const CredentialRef& a, const CredentialRef& b) { return a.url < b.url; });
  return out;
}

Result<Framework> ReadFramework(const json::Value& value) {
  Framework out;
  const json::Value& member = value["framework"];
  if (member.is_null()) return out;
  TRY(CheckNested(member, "framework", {"name", "version", "gpu"}));
  out.name = Lower(TRY(CleanText(member, "name", "framework.")));
  if (!IsPlainWord(out.name, "-", 64))
    return InvalidSpec("framework.name \"" + out.name +
                           "\" is no framework: pytorch, tensorflow, chainer or scikit-learn",
                       "framework.name");
  out.version = TRY(CleanText(member, "version", "framework."));
  if (!out.version.empty() && !IsPlainVersion(out.version))
    return InvalidSpec(
        "framework.version \"" + out.version + "\" is no version: write 1.13 or 5.1.0",
        "framework.version");
  if (!member["gpu"].is_null() && !member["gpu"].is_bool())
    return InvalidSpec("framework.gpu must be true or false", "framework.gpu");
  out.gpu = member.BoolOr("gpu", false);
  return out;
}

Result<Image> ReadImage(const json::Value& value) {
  Image out;
  const json::Value& member = value["image"];
  if (member.is_null()) return out;
  TRY(CheckNested(member, "image", {"name", "dockerfile", "context", "registry", "platform"}));
  out.name = TRY(CleanText(member, "name", "image."));
  out.dockerfile = TRY(ReadDockerfile(member));
  if (out.name.empty() == out.dockerfile.empty())
    return InvalidSpec("image needs either name or dockerfile", "image");
  out.context = TRY(CleanText(member, "context", "image."));
  if (!out.context.empty() && !IsSnapshotId(out.context))
    return InvalidSpec("image.context is no snapshot's id: 64 digits of hex in lower case",
                       "image.context");
  if (!out.context.empty() && out.dockerfile.empty())
    return InvalidSpec("image.context is what a dockerfile copies from; there is none",
                       "image.context");
  if (!out.name.empty() && (!IsPlainWord(out.name, "._-:/@", kMostImageName) ||
                            out.name.find("..") != std::string::npos))
    return InvalidSpec("image.name \"" + MaskUserInfo(out.name) +
                           "\" is no image: write repository/name:tag or name@sha256:…",
                       "image.name");
  out.platform = TRY(CleanText(member, "platform", "image."));
  if (!out.platform.empty() && !IsPlainWord(out.platform, "._-/", 64))
    return InvalidSpec("image.platform \"" + out.platform + "\" is no platform: write linux/amd64",
                       "image.platform");
  TRY(ReadRegistry(member["registry"], out));
  return out;
}

Result<EnvironmentSpec::Resolver> ReadResolver(const json::Value& value) {
  using Resolver = EnvironmentSpec::Resolver;
  std::string text = TRY(CleanText(value, "resolver"));
  if (text.empty() || text == "nearest") return Resolver::kNearest;
  if (text == "exact") return Resolver::kExact;
  if (text == "provided") return Resolver::kProvided;
  return InvalidSpec("resolver \"" + text + "\" is unknown: \"nearest\", \"exact\" or \"provided\"",
                     "resolver");
}

}  // namespace rw::env
