#include <set>

#include "base/strings.h"
#include "server/pages.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class OpenApiTest : public testing::CoreFixture {};

/// "GET /healthz" … of api/openapi.yaml, read by its layout: a path is a key two columns in, its
/// methods are keys four columns in, or stand on the path's own line.
std::set<std::string> Described() {
  std::set<std::string> out;
  std::string path;
  for (const std::string& line : Split(OpenApiYaml(), '\n')) {
    if (line.substr(0, 3) == "  /") path = line.substr(2, line.find(':') - 2);
    if (line.substr(0, 3) != "  /" && line.substr(0, 4) != "    ") path.clear();
    if (path.empty()) continue;
    for (const char* method : {"get", "post", "put", "patch", "delete"}) {
      std::string key = std::string(method) + ":";
      bool own = line.substr(0, 4 + key.size()) == "    " + key;
      bool beside = line.substr(0, 3) == "  /" && line.find(", " + key + " {") != std::string::npos;
      if (!own && !beside) continue;
      std::string upper;
      for (const char* c = method; *c != 0; c++) upper += static_cast<char>(*c - 'a' + 'A');
      out.insert(upper + " " + path);
    }
  }
  return out;
}

TEST_F(OpenApiTest, EveryRouteIsDescribed) {
  auto described = Described();
  EXPECT_GT(described.size(), 50u);
  for (const auto& route : core->router().routes())
    EXPECT_TRUE(described.count(route.method + " " + route.pattern))
        << route.method << " " << route.pattern << " is not in api/openapi.yaml";
}

TEST_F(OpenApiTest, EveryDescribedRouteIsServed) {
  std::set<std::string> served;
  for (const auto& route : core->router().routes())
    served.insert(route.method + " " + route.pattern);
  for (const std::string& route : Described())
    EXPECT_TRUE(served.count(route)) << route << " is not served";
}

}  // namespace
}  // namespace rw::server
