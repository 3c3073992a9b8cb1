#include "server/run_container.h"

#include <gtest/gtest.h>

namespace rw::server {
namespace {

json::Value WithContainer(json::Value container) {
  return json::Object{{"container", std::move(container)}};
}

Result<json::Value> ReadArguments(json::Array arguments) {
  return ReadContainer(WithContainer(json::Object{{"arguments", std::move(arguments)}}));
}

TEST(RunContainer, KeepsWhatAnEngineTakes) {
  EXPECT_TRUE(ReadContainer(json::Object()).value().is_null());
  EXPECT_TRUE(ReadContainer(WithContainer(json::Object())).value().is_null());
  auto read = ReadContainer(WithContainer(json::Object{
      {"shm_size", "2g"},
      {"arguments", json::Array{"--cap-add", "SYS_PTRACE", "-v", "/a:/a", "--ipc=host"}},
      {"gpu", true}}));
  ASSERT_TRUE(read);
  EXPECT_EQ(json::Write(*read), R"({"arguments":["--cap-add","SYS_PTRACE","-v","/a:/a",)"
                                R"("--ipc=host"],"gpu":true,"shm_size":"2g"})");
}

TEST(RunContainer, RefusesWhatContradictsRuns) {
  for (const char* argument : {"--name=x", "--name", "--rm", "-d", "--detach", "-it", "-ti",
                               "--entrypoint=sh", "--init", "-w/x", "--pull=always", "busybox"}) {
    auto read = ReadArguments({"--cap-add=X", argument});
    ASSERT_FALSE(read) << argument;
    EXPECT_EQ(read.error().field(), "container.arguments[1]") << argument;
  }
  EXPECT_FALSE(ReadArguments({"--cap-add", "X", "Y"}));
  EXPECT_TRUE(ReadArguments({"-eDIT=1", "-v/tmp:/tmp"})) << "letters of values";
}

TEST(RunContainer, RefusesSizesAndMembersThatAreNone) {
  for (const char* size : {"2x", "g", "two", "-1"})
    EXPECT_EQ(ReadContainer(WithContainer(json::Object{{"shm_size", size}})).error().field(),
              "container.shm_size");
  EXPECT_EQ(ReadContainer(WithContainer(json::Object{{"shm", "1g"}})).error().field(),
            "container.shm");
  EXPECT_EQ(ReadContainer(WithContainer(json::Object{{"gpu", "yes"}})).error().field(),
            "container.gpu");
  EXPECT_FALSE(ReadContainer(WithContainer("2g")));
}

}  // namespace
}  // namespace rw::server
