#include "env/container_engine.h"

#include <gtest/gtest.h>

#include "env/image_containers.h"

namespace rw::env {
namespace {

TEST(ContainerEngine, PullNamesAreSpelledOut) {
  EXPECT_EQ(PullName({.name = "python:3.8"}), "docker.io/library/python:3.8");
  EXPECT_EQ(PullName({.name = "microsoft/mmlspark:0.12"}), "docker.io/microsoft/mmlspark:0.12");
  EXPECT_EQ(PullName({.name = "a.io/b:1"}), "a.io/b:1");
  EXPECT_EQ(PullName({.name = "localhost/b:1"}), "localhost/b:1");
  EXPECT_EQ(PullName({.name = "b:1", .registry_address = "https://r.azurecr.io/"}),
            "r.azurecr.io/b:1");
  EXPECT_EQ(PullName({.name = "r.azurecr.io/b:1", .registry_address = "r.azurecr.io"}),
            "r.azurecr.io/b:1");
  EXPECT_EQ(RegistryOf("127.0.0.1:5000/b:1"), "127.0.0.1:5000");
}

TEST(ContainerEngine, LoginsAreFilesOfTheEngine) {
  EXPECT_EQ(AuthFile("r.io", "u:p"), R"({"auths":{"r.io":{"auth":"dTpw"}}})");
  EXPECT_NE(AuthFile("docker.io", "u:p").find("https://index.docker.io/v1/"), std::string::npos);
}

TEST(ContainerEngine, EachFailureHasItsMessage) {
  Image image{.name = "r.io/b:1", .registry_address = "r.io", .registry_username = "ann"};
  auto error = [&](std::string_view words) {
    return EngineError("fetch image r.io/b:1", words, image, "r.io");
  };
  Error unreachable = error(
      "Error: initializing source docker://r.io/b:1: pinging container registry r.io: Get "
      "\"https://r.io/v2/\": dial tcp: lookup r.io on 10.0.0.1:53: no such host\n");
  EXPECT_EQ(unreachable.code(), Code::kUnavailable);
  EXPECT_NE(unreachable.message().find("no such host"), std::string::npos);
  EXPECT_NE(unreachable.message().find("Registry r.io was not reached"), std::string::npos);
  Error login = error("Error: initializing source docker://r.io/b:1: unauthorized: bad\n");
  EXPECT_EQ(login.code(), Code::kInvalidArgument);
  EXPECT_NE(login.message().find("refuses the password of user ann"), std::string::npos);
  EXPECT_EQ(login.field(), "environment.image");
  Error unknown = error("Error: reading manifest 1 in r.io/b: manifest unknown\n");
  EXPECT_NE(unknown.message().find("there is no such image"), std::string::npos);
  EXPECT_EQ(error("Error response from daemon: write /x: no space left on device\n").code(),
            Code::kNoSpace);
  EXPECT_EQ(ClassifyEngine("Cannot connect to the Docker daemon at unix:///var/run/docker.sock"),
            EngineFailure::kService);
  EXPECT_EQ(ClassifyEngine("http: server gave HTTP response to HTTPS client"),
            EngineFailure::kPlainHttp);
  EXPECT_EQ(ClassifyEngine("Error: a step failed"), EngineFailure::kOther);
}

TEST(ContainerEngine, GpusArePassedOnWhereThereAreAny) {
  using List = std::vector<std::string>;
  EXPECT_EQ(GpuArguments({"null", "nvidiactl"}, false, false), List());
  EXPECT_EQ(GpuArguments({"nvidia0", "nvidiactl", "nvidia-caps"}, false, false),
            (List{"--device=/dev/nvidia0", "--device=/dev/nvidiactl"}));
  EXPECT_EQ(GpuArguments({"nvidia0"}, false, true), List{"--device=nvidia.com/gpu=all"});
  EXPECT_EQ(GpuArguments({"nvidia0"}, true, false), List{"--gpus=all"});
  EXPECT_EQ(GpuArguments({"kfd"}, true, false), (List{"--device=/dev/kfd", "--device=/dev/dri"}));
}

TEST(ContainerEngine, InfoSaysWhereImagesAreAndWhoWritesFiles) {
  auto podman = json::Parse(
      R"({"store":{"graphRoot":"/s","graphDriverName":"overlay"},"host":{"security":{}}})");
  EXPECT_EQ(ReadEngineInfo(*podman, false, 1000, 100).images, "/s/overlay-images");
  EXPECT_EQ(ReadEngineInfo(*podman, false, 1000, 100).user, "0:0");
  EXPECT_EQ(ReadEngineInfo(json::Object(), true, 1000, 100).user, "1000:100");
  auto rootless = json::Parse(R"({"SecurityOptions":["name=seccomp","name=rootless"]})");
  EXPECT_EQ(ReadEngineInfo(*rootless, true, 1000, 100).user, "0:0");
}

TEST(ImageContainers, VariablesStayOutOfTheCommandLine) {
  WorkContainer container{.engine = "/usr/bin/podman",
                          .image = "sha256:a",
                          .name = "n",
                          .part = "/p",
                          .guard = "/g",
                          .read_only = {"/wheels"},
                          .uv = "/uv"};
  auto command = WorkCommand(container, false);
  EXPECT_EQ(command[1], "run");
  EXPECT_EQ(command.back(), "/p");
  std::string inside = InsideText({"uv", "pip"}, {{"UV_INDEX_URL", "https://u:p@h"}}, "/p");
  EXPECT_NE(inside.find("env=UV_INDEX_URL=https://u:p@h" + std::string(1, '\0')),
            std::string::npos);
}

TEST(ImageContainers, PathsOfThisMachineAreFound) {
  EnvironmentSpec spec;
  spec.requirements = {"six==1", "a @ file:///w/a.whl", "b@/w/b.whl;python_version<\"3\"",
                       "-e /src"};
  spec.find_links = {"/wheels", "https://h/x"};
  EXPECT_EQ(LocalPaths(spec, {{"UV_FIND_LINKS", "/opt/w,https://h"}}),
            (std::vector<std::string>{"/opt/w", "/src", "/w/a.whl", "/w/b.whl", "/wheels"}));
}

TEST(ImageContainers, APythonIsNamedByImageAndPath) {
  auto python = ReadProbe("sha256:abc", R"({"version": "3.11.2", "path": "/usr/bin/python3",)"
                                        R"( "prefix": "/usr", "implementation": "cpython"})");
  ASSERT_TRUE(python);
  EXPECT_EQ(python->path, "sha256:abc:/usr/bin/python3");
  EXPECT_EQ(ImageOfPath(python->path), "sha256:abc");
  EXPECT_EQ(InsideOfPath(python->path), "/usr/bin/python3");
  EXPECT_EQ(python->Identity(), "cpython-3.11.2 sha256:abc:/usr/bin/python3");
  Interpreter none = WithoutPython("sha256:abc");
  EXPECT_EQ(ImageOfPath(none.path), "sha256:abc");
  EXPECT_EQ(InsideOfPath(none.path), "");
}

}  // namespace
}  // namespace rw::env
