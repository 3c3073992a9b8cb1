// What the profiles know: curated environments and frameworks.
#include "server/routes.h"

namespace rw::server {
namespace {

const env::Profiles& Known(const ServerContext& context) {
  static const env::Profiles kNone;
  return context.options.profiles ? *context.options.profiles : kNone;
}

Result<net::Response> ListCurated(const ServerContext& context) {
  json::Array items;
  for (const env::CuratedEnvironment& one : Known(context).curated) {
    json::Value item;
    item.Set("name", one.name).Set("description", one.description).Set("spec", one.spec);
    items.push_back(std::move(item));
  }
  json::Value out;
  return net::JsonResponse(out.Set("items", std::move(items)));
}

Result<net::Response> ListFrameworks(const ServerContext& context) {
  json::Array items;
  for (const auto& [name, profile] : Known(context).frameworks) {
    json::Array versions(profile.versions.begin(), profile.versions.end());
    json::Value item;
    item.Set("name", name).Set("versions", std::move(versions));
    items.push_back(item.Set("default", profile.default_version));
  }
  json::Value out;
  return net::JsonResponse(out.Set("items", std::move(items)));
}
}  // namespace

void RegisterProfileRoutes(Router& router, ServerContext& context) {
  router.AddSync("GET", "/api/v1/curated-environments",
                 [&](Call&) { return ListCurated(context); });
  router.AddSync("GET", "/api/v1/frameworks", [&](Call&) { return ListFrameworks(context); });
}

}  // namespace rw::server
