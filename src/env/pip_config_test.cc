#include "env/pip_config.h"

#include <gtest/gtest.h>

namespace rw::env {
namespace {

ReadText Files(std::map<std::string, std::string> files) {
  return [files = std::move(files)](const std::string& path) -> std::optional<std::string> {
    auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  };
}

TEST(PipConfig, LaterLevelsWinAsInPip) {
  ReadText files = Files({
      {"/etc/pip.conf", "[global]\nindex-url = https://global/simple\ntimeout: 60\ncert=/ca.pem\n"},
      {"/h/.config/pip/pip.conf",
       "# mine\n[global]\nindex_url = https://user/simple\n[install]\nextra-index-url =\n"
       "    https://a/simple\n    https://b/simple\n[list]\nindex-url = https://no\n"},
      {"/venv/pip.conf", "[global]\nno-index = true\n"},
      {"/own.conf", "[install]\ntrusted-host = h1 h2\n"},
  });
  Variables variables = {
      {"HOME", "/h"}, {"PIP_CONFIG_FILE", "/own.conf"}, {"PIP_FIND_LINKS", "/w1 /w2"}};
  PipSettings s = ReadPipSettings(variables, "/venv", files);
  EXPECT_EQ(s.index_url, "https://user/simple");
  EXPECT_EQ(s.extra_index_urls, (std::vector<std::string>{"https://a/simple", "https://b/simple"}));
  EXPECT_EQ(s.find_links, (std::vector<std::string>{"/w1", "/w2"}));
  EXPECT_EQ(s.trusted_hosts, (std::vector<std::string>{"h1", "h2"}));
  EXPECT_EQ(s.timeout, "60");
  EXPECT_EQ(s.cert, "/ca.pem");
  EXPECT_TRUE(s.no_index);
  variables["PIP_INDEX_URL"] = "https://variable/simple";
  EXPECT_EQ(ReadPipSettings(variables, "/venv", files).index_url, "https://variable/simple");
  variables["PIP_CONFIG_FILE"] = "/dev/null";
  EXPECT_EQ(ReadPipSettings(variables, "/venv", files).cert, "") << "/dev/null turns files off";
}

TEST(PipConfig, BecomesVariablesOfUv) {
  PipSettings pip;
  pip.index_url = "https://me:pw@index/simple";
  pip.extra_index_urls = {"https://extra/simple"};
  pip.find_links = {"/w"};
  EnvironmentSpec spec;
  spec.kind = EnvironmentSpec::Kind::kPip;
  spec.find_links = {"/mine"};
  Secrets secrets;
  Variables v = UvVariables(
      {{"PATH", "/bin"}, {"RUNWRIGHT_TOKEN", "t"}, {"PIP_PRE", "1"}, {"PYTHONPATH", "x"}}, pip,
      spec, secrets);
  EXPECT_EQ(Get(v, "UV_DEFAULT_INDEX"), "https://me:pw@index/simple");
  EXPECT_EQ(Get(v, "UV_EXTRA_INDEX_URL"), "https://extra/simple");
  EXPECT_EQ(Get(v, "UV_FIND_LINKS"), "/w,/mine");
  EXPECT_EQ(Get(v, "UV_INDEX_STRATEGY"), "unsafe-best-match");
  EXPECT_EQ(Get(v, "UV_SYSTEM_CERTS"), "1");
  for (const char* name : {"RUNWRIGHT_TOKEN", "PIP_PRE", "PYTHONPATH"})
    EXPECT_FALSE(v.contains(name));
  EXPECT_EQ(secrets.Restore("x @ https://****@index/f"), "x @ https://me:pw@index/f");
}

TEST(PipConfig, UvsOwnVariablesWinAndTheSpecWinsOverAll) {
  PipSettings pip;
  pip.index_url = "https://pip/simple";
  EnvironmentSpec spec;
  Secrets secrets;
  Variables server = {{"UV_INDEX_URL", "https://uv/simple"}, {"UV_SYSTEM_CERTS", "0"}};
  Variables v = UvVariables(server, pip, spec, secrets);
  EXPECT_EQ(Get(v, "UV_INDEX_URL"), "https://uv/simple");
  EXPECT_FALSE(v.contains("UV_DEFAULT_INDEX"));
  EXPECT_EQ(Get(v, "UV_SYSTEM_CERTS"), "0");
  spec.index_url = "https://spec/simple";
  v = UvVariables(server, pip, spec, secrets);
  EXPECT_FALSE(v.contains("UV_INDEX_URL"));
  EXPECT_EQ(Get(v, "UV_DEFAULT_INDEX"), "https://spec/simple");
}

}  // namespace
}  // namespace rw::env
