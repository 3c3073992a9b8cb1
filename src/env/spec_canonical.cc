// A spec's one spelling, and the identities made of it.
#include "base/hash.h"
#include "env/spec.h"

namespace rw::env {
namespace {

void SetText(json::Value& out, const char* key, const std::string& text) {
  if (!text.empty()) out.Set(key, text);
}

void SetList(json::Value& out, const char* key, const std::vector<std::string>& items) {
  if (items.empty()) return;
  json::Array list(items.begin(), items.end());
  out.Set(key, std::move(list));
}

void SetFramework(json::Value& out, const Framework& framework) {
  if (framework.name.empty()) return;
  json::Value member;
  SetText(member, "name", framework.name);
  SetText(member, "version", framework.version);
  if (framework.gpu) member.Set("gpu", true);
  out.Set("framework", std::move(member));
}

void SetImage(json::Value& out, const Image& image) {
  if (image.empty()) return;
  json::Value member;
  SetText(member, "name", image.name);
  SetText(member, "dockerfile", image.dockerfile);
  SetText(member, "context", image.context);
  SetText(member, "platform", image.platform);
  json::Value registry;
  SetText(registry, "address", image.registry_address);
  SetText(registry, "username", image.registry_username);
  SetText(registry, "password_secret", image.registry_secret);
  if (!registry.is_null()) member.Set("registry", std::move(registry));
  out.Set("image", std::move(member));
}

void SetPackages(json::Value& out, const EnvironmentSpec& spec) {
  SetText(out, "python", spec.python);
  SetList(out, "requirements", spec.requirements);
  SetList(out, "constraints", spec.constraints);
  SetText(out, "index_url", spec.index_url);
  SetList(out, "extra_index_urls", spec.extra_index_urls);
  SetList(out, "find_links", spec.find_links);
  SetList(out, "conda_packages", spec.conda_packages);
  SetList(out, "channels", spec.channels);
  if (spec.credentials.empty()) return;
  json::Value list;
  for (const CredentialRef& one : spec.credentials) {
    json::Value member;
    list.Append(member.Set("url", one.url).Set("secret", one.secret));
  }
  out.Set("credentials", std::move(list));
}
}  // namespace

std::string CanonicalText(const EnvironmentSpec& spec) {
  json::Value out;
  if (spec.kind == EnvironmentSpec::Kind::kInterpreter) {
    out.Set("kind", "interpreter").Set("interpreter_path", spec.interpreter_path);
  } else {
    out.Set("kind", spec.kind == EnvironmentSpec::Kind::kConda ? "conda" : "pip");
    SetPackages(out, spec);
  }
  SetFramework(out, spec.framework);
  SetImage(out, spec.image);
  if (spec.resolver != EnvironmentSpec::Resolver::kNearest)
    out.Set("resolver", spec.resolver == EnvironmentSpec::Resolver::kExact ? "exact" : "provided");
  return json::Write(out);
}

std::string EnvId(const EnvironmentSpec& spec) {
  return Sha256Hex("runwright-env-1\n" + CanonicalText(spec));
}

std::string MakeBuildId(std::string_view lock, std::string_view platform,
                        std::string_view interpreter) {
  std::string text = "runwright-build-1\n";
  text.append(lock).append("\n").append(platform).append("\n").append(interpreter);
  return Sha256Hex(text);
}

}  // namespace rw::env
