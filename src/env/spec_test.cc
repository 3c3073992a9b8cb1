#include "env/spec.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

json::Value Json(std::string_view text) {
  auto value = json::Parse(text);
  CHECK(value);
  return *value;
}

TEST(EnvironmentSpec, VectorsSharedWithPython) {
  auto text = os::ReadFile(os::PosixFileSystem(), "tests/vectors/environment.json");
  ASSERT_TRUE(text) << text.error().ToString();
  json::Value cases = Json(*text);
  ASSERT_GT(cases.as_array().size(), 10u);
  for (const json::Value& item : cases.as_array()) {
    auto spec = ParseSpec(item["spec"]);
    if (!item["error_field"].is_null()) {
      ASSERT_FALSE(spec) << json::Write(item);
      EXPECT_EQ(spec.error().field(), item["error_field"].as_string()) << spec.error().message();
      continue;
    }
    ASSERT_TRUE(spec) << json::Write(item) << spec.error().ToString();
    EXPECT_EQ(CanonicalText(*spec), item["canonical"].as_string());
    EXPECT_EQ(EnvId(*spec), item["env_id"].as_string());
  }
}

TEST(EnvironmentSpec, CanonicalFormIsASpecOfTheSameIdentity) {
  auto spec = ParseSpec(Json(R"({"kind":"pip","requirements":["B >= 1","a"],"python":"3.8"})"));
  ASSERT_TRUE(spec);
  auto again = ParseSpec(Json(CanonicalText(*spec)));
  ASSERT_TRUE(again);
  EXPECT_EQ(EnvId(*again), EnvId(*spec));
}

TEST(EnvironmentSpec, AnsweredRequirementsAreNoPartOfTheIdentity) {
  auto with = ParseSpec(
      Json(R"({"kind":"pip","requirements":["azureml-defaults","azureml_core[x]==1.0","six"]})"));
  auto without = ParseSpec(Json(R"({"kind":"pip","requirements":["six"]})"));
  ASSERT_TRUE(with && without);
  EXPECT_EQ(EnvId(*with), EnvId(*without));
  EXPECT_EQ(with->answered.size(), 2u);
  EXPECT_EQ(with->names, std::vector<std::string>{"six"});
}

TEST(EnvironmentSpec, UnknownMemberNamesTheNearest) {
  auto spec = ParseSpec(Json(R"({"kind":"pip","requirments":["six"]})"));
  ASSERT_FALSE(spec);
  EXPECT_NE(spec.error().message().find("did you mean requirements?"), std::string::npos)
      << spec.error().message();
}

TEST(EnvironmentSpec, TooLongListsAreRefusedByName) {
  json::Value lines{json::Array(5001, json::Value("six"))};
  for (const char* member : {"requirements", "constraints", "conda_packages", "channels"}) {
    json::Value value;
    value.Set("kind", "conda").Set(member, lines);
    auto spec = ParseSpec(value);
    ASSERT_FALSE(spec) << member;
    EXPECT_EQ(spec.error().field(), member);
  }
}

TEST(EnvironmentSpec, BuildIdCoversLockPlatformAndInterpreter) {
  std::string id = MakeBuildId("six==1.0\n", "linux-x86_64-glibc2.36", "cpython-3.11.7 /p");
  EXPECT_EQ(id,
            Sha256Hex("runwright-build-1\nsix==1.0\n\nlinux-x86_64-glibc2.36\ncpython-3.11.7 /p"));
}

}  // namespace
}  // namespace rw::env
