#include "model/names.h"

#include <gtest/gtest.h>

#include "model/vm_sizes.h"

namespace rw::model {
namespace {

TEST(Names, ExperimentRules) {
  for (const char* good : {"abc", "a_b-c", "0ab", "digits-experiment"}) {
    EXPECT_TRUE(CheckExperimentName(good)) << good;
  }
  for (const char* bad :
       {"", "ab", "_abc", "a b c", "a/b/c", "naïve", "a234567890123456789012345678901234567"}) {
    auto status = CheckExperimentName(bad);
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().field(), "experiment");
    EXPECT_NE(status.error().message().find("3 to 36"), std::string::npos);
  }
}

TEST(Names, ComputeAndRunIds) {
  EXPECT_TRUE(CheckComputeName("cpu-cluster"));
  EXPECT_FALSE(CheckComputeName("c"));
  EXPECT_FALSE(CheckComputeName("1cpu"));
  EXPECT_FALSE(CheckComputeName("cpu_cluster"));
  EXPECT_FALSE(CheckComputeName("a2345678901234567"));
  EXPECT_TRUE(CheckRunId("HD_0c35_1"));
  EXPECT_FALSE(CheckRunId("../x"));
  EXPECT_FALSE(CheckRunId(".."));
  EXPECT_FALSE(CheckRunId(""));
}

TEST(VmSizes, FoundWithoutCaseAndPrefix) {
  EXPECT_EQ(FindVmSize("Standard_NC6")->gpu_model, "K80");
  EXPECT_EQ(FindVmSize("STANDARD_D2_V2")->vcpus, 2);
  EXPECT_EQ(FindVmSize("ds14_v2")->memory_gib, 112);
  EXPECT_EQ(FindVmSize("nc24R")->gpus, 4);
}

TEST(VmSizes, UnknownNamesNearMatches) {
  auto none = FindVmSize("STANDARD_NC7");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().field(), "vm_size");
  EXPECT_NE(none.error().message().find("STANDARD_NC6"), std::string::npos);
}

TEST(VmSizes, MissingGpusAreNamed) {
  EXPECT_EQ(MissingGpuWarning(*FindVmSize("NC6"), 0),
            "STANDARD_NC6 has 1 GPU (K80), this machine has none; the run uses CPU");
  EXPECT_EQ(MissingGpuWarning(*FindVmSize("NC12"), 1),
            "STANDARD_NC12 has 2 GPUs (K80), this machine has 1");
  EXPECT_EQ(MissingGpuWarning(*FindVmSize("D2_v2"), 0), "");
}

}  // namespace
}  // namespace rw::model
