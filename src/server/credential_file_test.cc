#include "server/credential_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace rw::server {
namespace {

TEST(Credentials, UpdateMakesReadsAndChangesTheFile) {
  std::string folder = "/tmp/rw_credentials.XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  CredentialFile file(os::PosixFileSystem(), folder + "/runwright/credentials.json");
  EXPECT_EQ(file.Load()->size(), 0u);
  ASSERT_TRUE(file.Update([](auto& all) {
    all.push_back({"http://127.0.0.1:1", "here", "t", {{"s", "r", "w"}}});
  }));
  ASSERT_TRUE(file.Update([](auto& all) { all.push_back({"http://far:1", "there", "u", {}}); }));
  auto all = *file.Load();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].workspaces[0].workspace_name, "w");
  EXPECT_EQ(os::PosixFileSystem().Stat(file.path())->mode, 0600u);
  EXPECT_TRUE(FindCredential(all, "http://127.0.0.1:1/", "here"));
  EXPECT_FALSE(FindCredential(all, "http://127.0.0.1:1", "elsewhere"));
  EXPECT_TRUE(FindCredential(all, "http://far:1", "elsewhere"));
  ASSERT_TRUE(os::PosixFileSystem().RemoveTree(folder));
}

TEST(Credentials, LoopbackIsKnownByItsUrl) {
  for (const char* url : {"http://127.0.0.1:8", "http://localhost", "http://[::1]:8/x"})
    EXPECT_TRUE(IsLoopbackUrl(url)) << url;
  for (const char* url : {"http://localhost.example", "http://10.0.0.1", "https://host:1"})
    EXPECT_FALSE(IsLoopbackUrl(url)) << url;
}

}  // namespace
}  // namespace rw::server
