#include "env/realise.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "json/value.h"

namespace rw::env {
namespace {

const Profiles& Shipped() {
  static const Profiles profiles = [] {
    auto loaded = LoadProfiles(os::PosixFileSystem(), "profiles", "");
    CHECK(loaded);
    return *loaded;
  }();
  return profiles;
}

Interpreter Python(const std::string& version) {
  return {"/opt/" + version + "/bin/python", "cpython", version, "/opt/" + version + "/bin/python",
          "/opt/" + version};
}

NodeFacts Facts(const std::vector<std::string>& pythons) {
  NodeFacts out;
  for (const std::string& version : pythons) out.pythons.push_back(Python(version));
  return out;
}

EnvironmentSpec Spec(std::string_view text) {
  auto value = json::Parse(text);
  CHECK(value);
  auto spec = ParseSpec(*value);
  CHECK(spec);
  return *spec;
}

Effective Made(std::string_view text, const NodeFacts& facts) {
  auto made = Realise(Spec(text), Shipped(), facts);
  CHECK(made);
  return *made;
}

std::string Refusal(std::string_view text, const NodeFacts& facts) {
  auto made = Realise(Spec(text), Shipped(), facts);
  return made ? "not refused" : made.error().field() + ": " + made.error().message();
}

TEST(Realise, WhatNoProfileKnowsStaysAsItIs) {
  Effective made = Made(R"({"kind":"pip","requirements":["six==1.0","numpy"]})", Facts({"3.11.7"}));
  EXPECT_EQ(made.spec.requirements, (std::vector<std::string>{"numpy", "six==1.0"}));
  EXPECT_TRUE(made.warnings.empty());
  EXPECT_TRUE(made.spec.recipe.replace.empty());
}

TEST(Realise, ChainerBoundsWhatItNeeds) {
  Effective made = Made(
      R"({"kind":"pip","framework":{"name":"chainer","gpu":true},"requirements":["numpy","pytest"]})",
      Facts({"3.11.7"}));
  EXPECT_EQ(made.spec.requirements,
            (std::vector<std::string>{"chainer==5.1.0", "numpy", "pytest", "setuptools<70"}));
  EXPECT_EQ(made.spec.constraints[0], "numpy<1.24");
  EXPECT_EQ(made.spec.recipe.build_constraints, std::vector<std::string>{"setuptools<70"});
  EXPECT_EQ(made.shims, (std::vector<std::string>{"gpu_to_cpu", "collections_abc"}));
  ASSERT_EQ(made.warnings.size(), 2u);
  EXPECT_NE(made.warnings[0].find("no GPU"), std::string::npos);
  EXPECT_EQ(made.warnings[1].rfind("numpy → numpy<1.24", 0), 0u) << made.warnings[1];
}

TEST(Realise, AVersionOfTheUsersOwnCountsMoreThanABound) {
  Effective made = Made(R"({"kind":"pip","requirements":["chainer==7.8.1","numpy==1.26.4"]})",
                        Facts({"3.11.7"}));
  EXPECT_EQ(made.spec.constraints, std::vector<std::string>{"protobuf<4"});
  EXPECT_EQ(made.spec.requirements, (std::vector<std::string>{"chainer==7.8.1", "numpy==1.26.4",
                                                              "pytest", "setuptools<70"}));
  EXPECT_TRUE(made.warnings.empty());
}

TEST(Realise, WhatAPackageDoesNotDeclareGoesBesideIt) {
  NodeFacts facts = Facts({"3.11.7"});
  auto requirements = [&](std::string_view text) { return Made(text, facts).spec.requirements; };
  EXPECT_EQ(requirements(R"({"kind":"pip","requirements":["nteract-scrapbook"]})"),
            (std::vector<std::string>{"ipykernel", "nteract-scrapbook", "six"}));
  EXPECT_EQ(requirements(R"({"kind":"pip","requirements":["nteract-scrapbook","six==1.16"]})"),
            (std::vector<std::string>{"ipykernel", "nteract-scrapbook", "six==1.16"}));
  EXPECT_EQ(
      requirements(R"({"kind":"pip","requirements":["nteract-scrapbook"],"resolver":"exact"})"),
      std::vector<std::string>{"nteract-scrapbook"});
}

TEST(Realise, TensorFlowOneIsAskedOfTheLastThatHasItsInterface) {
  const char* spec = R"({"kind":"pip","framework":{"name":"tensorflow","version":"1.13"}})";
  Effective made = Made(spec, Facts({"3.11.7"}));
  EXPECT_EQ(made.spec.requirements, std::vector<std::string>{"tensorflow-cpu==2.15.*"});
  EXPECT_EQ(made.shims, std::vector<std::string>{"tf1"});
  EXPECT_EQ(made.warnings[0].rfind("tensorflow==1.13.* → tensorflow-cpu==2.15.*: ", 0), 0u);
  // On its own Python it is what was asked for.
  made = Made(spec, Facts({"3.7.16", "3.11.7"}));
  EXPECT_EQ(made.spec.requirements, std::vector<std::string>{"tensorflow==1.13.*"});
  EXPECT_TRUE(made.warnings.empty());
  EXPECT_TRUE(made.shims.empty());
  // Also where it is written as a package.
  made = Made(R"({"kind":"pip","requirements":["tensorflow-gpu==1.10.0"]})", Facts({"3.11.7"}));
  EXPECT_EQ(made.spec.requirements, std::vector<std::string>{"tensorflow-cpu==2.15.*"});
}

TEST(Realise, MachinesTorchIsTakenWhereItIs) {
  NodeFacts facts = Facts({"3.11.7"});
  facts.packages["/usr/bin/python3"] = {{"/usr/bin/python3", "cpython", "3.11.2"},
                                        {{"torch", "1.13.0a0+git"},
                                         {"torchvision", "0.14.1"},
                                         {"pillow", "9.4"},
                                         {"numpy", "1.24.2"}}};
  const char* spec =
      R"({"kind":"pip","framework":{"name":"pytorch","version":"1.13"},"requirements":["pillow==5.4.1","six"]})";
  Effective made = Made(spec, facts);
  EXPECT_EQ(made.spec.recipe.base, "/usr/bin/python3");
  EXPECT_TRUE(made.spec.recipe.site_packages);
  EXPECT_EQ(made.shims, (std::vector<std::string>{"gpu_to_cpu", "numpy_aliases"}));
  EXPECT_EQ(made.spec.recipe.provided, (std::vector<std::string>{"torch", "torchvision"}));
  // Of the numpy that it shows.
  EXPECT_NE(std::find(made.shims.begin(), made.shims.end(), "numpy_aliases"), made.shims.end());
  EXPECT_EQ(made.spec.requirements, (std::vector<std::string>{"pillow==5.4.1", "six"}));
  ASSERT_EQ(made.spec.recipe.replace.size(), 1u);
  EXPECT_EQ(made.spec.recipe.replace[0].range, ">=8.4");
  EXPECT_NE(made.warnings[0].find("none of the versions of its profile"), std::string::npos);
  // 1.4 is not what is there: told, and refused by exact.
  made = Made(R"({"kind":"pip","requirements":["torch==1.4.0"]})", facts);
  EXPECT_EQ(made.warnings[0].rfind("torch==1.4.0 → torch 1.13.0a0+git of /usr/bin/python3", 0), 0u);
  made = Made(R"({"kind":"pip","requirements":["torch==1.4.0"],"resolver":"exact"})", facts);
  EXPECT_EQ(made.spec.requirements, std::vector<std::string>{"torch==1.4.0"});
  EXPECT_FALSE(made.spec.recipe.site_packages);
  // A Python that was asked for and is there counts more; so does a version of today.
  NodeFacts old = facts;
  old.pythons.push_back(Python("3.7.16"));
  EXPECT_FALSE(Made(R"({"kind":"pip","python":"3.7","requirements":["torch==1.4.0"]})", old)
                   .spec.recipe.site_packages);
  EXPECT_FALSE(Made(R"({"kind":"pip","requirements":["torch"]})", facts).spec.recipe.site_packages);
}

TEST(Realise, ProvidedTakesWhatIsInstalled) {
  NodeFacts facts = Facts({"3.11.7"});
  facts.packages[""] = {Python("3.11.7"), {{"numpy", "1.24.2"}, {"six", "1.16.0"}}};
  Effective made = Made(
      R"({"kind":"pip","resolver":"provided","requirements":["numpy==1.16","six","tqdm"]})", facts);
  EXPECT_EQ(made.spec.requirements, std::vector<std::string>{"tqdm"});
  EXPECT_EQ(made.spec.recipe.provided, (std::vector<std::string>{"numpy", "six"}));
  ASSERT_EQ(made.warnings.size(), 1u);
  EXPECT_EQ(made.warnings[0].rfind("numpy==1.16 → numpy 1.24.2 of /opt/3.11.7", 0), 0u);
}

TEST(Realise, GpuPackagesAreLeftOutWithoutAGpu) {
  const char* spec = R"({"kind":"pip","requirements":["cupy-cuda101==6.0","six"]})";
  Effective made = Made(spec, Facts({"3.11.7"}));
  EXPECT_EQ(made.spec.requirements, std::vector<std::string>{"six"});
  EXPECT_EQ(made.warnings[0], "cupy-cuda101==6.0 → nothing: there is no GPU here");
  NodeFacts gpu = Facts({"3.11.7"});
  gpu.gpus = 1;
  EXPECT_EQ(Made(spec, gpu).spec.requirements.size(), 2u);
}

TEST(Realise, ExactRefusesWhatNearestReplaces) {
  NodeFacts facts = Facts({"3.11.7"});
  auto refused = [&](const std::string& members) {
    return Refusal(R"({"kind":"pip","resolver":"exact",)" + members + "}", facts);
  };
  std::string text = refused(R"("framework":{"name":"tensorflow","version":"1.13"})");
  EXPECT_EQ(text.rfind("requirements: ", 0), 0u) << text;
  EXPECT_NE(text.find("nearest would take tensorflow==1.13.* → tensorflow-cpu==2.15.*"),
            std::string::npos)
      << text;
  text = refused(R"("framework":{"name":"pytorch","version":"1.13"})");
  EXPECT_EQ(text.rfind("framework.version: ", 0), 0u) << text;
  text = refused(R"("framework":{"name":"chainer","gpu":true})");
  EXPECT_EQ(text.rfind("framework.gpu: ", 0), 0u) << text;
  text = refused(R"("requirements":["chainer==7.8.1","numpy"])");
  EXPECT_NE(text.find("numpy has to be numpy<1.24"), std::string::npos) << text;
  text = refused(R"("image":{"name":"continuumio/miniconda3"})");
  EXPECT_EQ(text.rfind("image.name: ", 0), 0u) << text;
  EXPECT_EQ(refused(R"("requirements":["chainer==7.8.1","numpy<1.20"])"), "not refused");
}

TEST(Realise, ImageMap) {
  Effective made = Made(
      R"({"kind":"pip","image":{"name":"mcr.microsoft.com/azureml/base:1"},"resolver":"exact"})",
      {});
  EXPECT_TRUE(made.spec.image.empty());
  EXPECT_TRUE(made.warnings.empty());
  made = Made(
      R"({"interpreter_path":"/opt/miniconda/bin/python","image":{"name":"Continuumio/miniconda3:4.5"}})",
      {});
  EXPECT_TRUE(made.spec.image.empty());
  EXPECT_EQ(made.spec.interpreter_path, "python");
  EXPECT_EQ(made.warnings.size(), 1u);
  Profiles own;
  own.images = {{"microsoft/mmlspark:*", "localhost/base:12", "", "", false}};
  auto mapped = Realise(Spec(R"({"image":{"name":"microsoft/mmlspark:0.12"}})"), own, {});
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->spec.image.name, "localhost/base:12");
  EXPECT_EQ(Made(R"({"image":{"name":"python:3"}})", {}).spec.image.name, "python:3");
}

TEST(Realise, UnknownFrameworkListsThoseThatAre) {
  EXPECT_EQ(Refusal(R"({"kind":"pip","framework":{"name":"mxnet"}})", {}),
            "framework.name: framework.name \"mxnet\" has no profile. Known: chainer, pytorch, "
            "scikit-learn, tensorflow");
}

TEST(Realise, ShimsOfWhatIsInstalled) {
  EnvironmentSpec spec = Spec(R"({"kind":"pip"})");
  EXPECT_EQ(ShimsFor(spec, Shipped(), {"numpy==2.1.0", "torch==2.5.1", "chainer==7.8.1"}, {"tf1"}),
            (std::vector<std::string>{"chainer_iterator_epoch", "numpy_aliases", "tf1"}));
  EXPECT_TRUE(ShimsFor(spec, Shipped(), {"numpy==1.23.5"}, {}).empty());
  spec.resolver = EnvironmentSpec::Resolver::kExact;
  EXPECT_TRUE(ShimsFor(spec, Shipped(), {"numpy==2.1.0"}, {}).empty());
}

TEST(Realise, FactsAreAskedForOnlyWhereTheyCount) {
  FactsWanted plain = WantedFacts(Spec(R"({"kind":"pip","requirements":["six"]})"), Shipped());
  EXPECT_FALSE(plain.all_pythons);
  EXPECT_TRUE(plain.packages_of.empty());
  FactsWanted torch =
      WantedFacts(Spec(R"({"kind":"pip","requirements":["torch==1.4"]})"), Shipped());
  EXPECT_TRUE(torch.all_pythons);
  EXPECT_EQ(torch.packages_of, std::vector<std::string>{"/usr/bin/python3"});
}

}  // namespace
}  // namespace rw::env
