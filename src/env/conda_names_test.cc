#include "env/conda_names.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "env/conda_lock.h"
#include "json/value.h"

namespace rw::env {
namespace {

CondaNames Names() {
  return *CondaNames::Parse(
      R"({"pip": {"pytorch": "torch", "dask": "dask[complete]"}, "drop": {"mkl": "no need"},
          "same": ["numpy"]})");
}

EnvironmentSpec Conda(const json::Array& packages, const json::Array& pip = {}) {
  json::Value value;
  value.Set("kind", "conda").Set("conda_packages", packages).Set("requirements", pip);
  value.Set("channels", json::Array{"conda-forge"});
  auto spec = ParseSpec(value);
  EXPECT_TRUE(spec) << spec.error().ToString();
  return *spec;
}

TEST(CondaNames, VersionsAsPipWritesThem) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"=1.2", "==1.2.*"},
      {"=1.2.*", "==1.2.*"},
      {"==1.2", "==1.2"},
      {"==1.2.*", "==1.2.*"},
      {" 1.2", "==1.2"},
      {"1.2 py36_0", "==1.2"},
      {"=1.2=py36_0", "==1.2"},
      {"=1.2=*", "==1.2.*"},
      {">=1.2,<2", ">=1.2,<2"},
      {">= 1.2, < 2", ">=1.2,<2"},
      {">=1.2.*", ">=1.2"},
      {"!=1.3.*", "!=1.3.*"},
      {"~=1.4.2", "~=1.4.2"},
      {"1.2*", "==1.2.*"},
      {"*", ""},
      {"1.2|1.3.*", "==1.3.*"},
      {"[version='>=1.2',build=py36_0]", ">=1.2"},
      {"[build=*cpu*]", ""},
      {"=1.2[channel=main]", "==1.2.*"},
      {"=2.0.0rc1", "==2.0.0rc1.*"},
  };
  for (const auto& [conda, pip] : cases) {
    auto version = PipVersionOf(conda);
    ASSERT_TRUE(version) << conda;
    EXPECT_EQ(*version, pip) << conda;
  }
  EXPECT_FALSE(PipVersionOf("=1.0.2k"));
  EXPECT_FALSE(PipVersionOf("=^1\\.2$"));
}

TEST(CondaNames, EachMappingIsAWarning) {
  auto mapped = MapCondaPackages(Conda({"pytorch=1.13", "conda-forge::numpy>=1.20", "mkl",
                                        "some-tool=2", "dask", "openssl=1.0.2k"}),
                                 Names(), "no channel");
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->spec.kind, EnvironmentSpec::Kind::kPip);
  EXPECT_EQ(mapped->spec.requirements,
            (std::vector<std::string>{"dask[complete]", "numpy>=1.20", "openssl", "some-tool==2.*",
                                      "torch==1.13.*"}));
  EXPECT_TRUE(mapped->spec.conda_packages.empty() && mapped->spec.channels.empty());
  EXPECT_EQ(
      mapped->warnings,
      (std::vector<std::string>{
          "conda packages come from the pip index: no channel",
          "conda package conda-forge::numpy>=1.20 → numpy>=1.20",
          "conda package dask → dask[complete]", "conda package mkl is left out: no need",
          "conda package openssl=1.0.2k → openssl: pip cannot say this version, the newest is "
          "taken: its name in the pip index is not known, the same name is tried",
          "conda package pytorch=1.13 → torch==1.13.*",
          "conda package some-tool=2 → some-tool==2.*: its name in the pip index is not "
          "known, the same name is tried"}));
}

TEST(CondaNames, ThePipSectionWinsAndOurSdkStaysOurs) {
  auto mapped =
      MapCondaPackages(Conda({"numpy=1.16", "azureml-sdk"}, {"numpy==1.18"}), Names(), "x");
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->spec.requirements, std::vector<std::string>{"numpy==1.18"});
  EXPECT_EQ(mapped->warnings.size(), 2u);
}

TEST(CondaNames, ExactRefusesTheMapping) {
  EnvironmentSpec spec = Conda({"numpy"});
  spec.resolver = EnvironmentSpec::Resolver::kExact;
  auto mapped = MapCondaPackages(spec, Names(), "no channel could be reached");
  ASSERT_FALSE(mapped);
  EXPECT_NE(mapped.error().message().find("no channel could be reached"), std::string::npos);
}

TEST(CondaNames, TheDataFileIsWhole) {
  std::string here = __FILE__;
  std::ifstream file(here.substr(0, here.rfind("/src/")) + "/profiles/conda-pip-names.json");
  if (!file) GTEST_SKIP() << "the sources are not beside the test";
  std::stringstream text;
  text << file.rdbuf();
  auto names = CondaNames::Parse(text.str());
  ASSERT_TRUE(names) << names.error().ToString();
  EXPECT_EQ(names->PipName("pytorch"), "torch");
  EXPECT_EQ(names->PipName("opencv"), "opencv-python-headless");
  for (const char* name : {"mkl", "cudatoolkit", "nomkl", "blas"})
    EXPECT_TRUE(names->drop.contains(name)) << name;
  for (const auto& [conda, pip] : names->pip) {
    EXPECT_FALSE(names->drop.contains(conda) || names->same.contains(conda)) << conda;
    EXPECT_FALSE(pip.empty()) << conda;
  }
  for (const std::string& name : names->same) EXPECT_FALSE(names->drop.contains(name)) << name;
}

TEST(CondaLock, WrittenAndReadBack) {
  CondaLock lock;
  lock.conda = {
      {"python", "3.11.2", "h1_0", "https://c/linux-64/python-3.11.2-h1_0.conda", "sha256=aa"},
      {"data", "1.0", "", "file:///c/noarch/data-1.0-0.tar.bz2", ""}};
  lock.pip = "six==1.16.0\n-e file:///x\nfoo @ https://h/f.whl#sha256=bb\n";
  std::string text = WriteCondaLock(lock);
  auto read = ReadCondaLock(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(WriteCondaLock(*read), text);
  EXPECT_EQ(read->pip, lock.pip);
  ASSERT_NE(read->Find("python"), nullptr);
  EXPECT_EQ(read->Find("python")->hash, "sha256=aa");
  EXPECT_EQ(read->Find("data")->build, "");
  EXPECT_FALSE(ReadCondaLock("six==1.16.0\n"));
}

}  // namespace
}  // namespace rw::env
