#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "client/api.h"
#include "client/locate.h"
#include "client/log_follower.h"
#include "net/asio_loop.h"
#include "net/server.h"
#include "os/file_system.h"

namespace rw::client {
namespace {

class LocateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/rw_client_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    dir_ = pattern;
    here_ = {dir_ + "/a/b", "box", {{"HOME", dir_ + "/home"}}};
    ASSERT_TRUE(fs_.MakeDirs(here_.cwd));
  }
  void TearDown() override { ASSERT_TRUE(fs_.RemoveTree(dir_)); }
  CredentialFile File() { return CredentialFile::Of(here_); }
  void Config(const std::string& path, const std::string& server, const std::string& name = "ws") {
    ASSERT_TRUE(WriteConfig({dir_ + "/" + path, {"s", "g", name}, server}));
  }

  os::FileSystem& fs_ = os::PosixFileSystem();
  std::string dir_;
  Surroundings here_;
};

TEST_F(LocateTest, CredentialsAreKeptPrivateAndMerged) {
  EXPECT_TRUE(File().Load()->empty());
  ASSERT_TRUE(File().PutToken("http://127.0.0.1:1", "t1"));
  ASSERT_TRUE(File().AddWorkspace("http://127.0.0.1:1/", {"s", "g", "w"}));
  ASSERT_TRUE(File().AddWorkspace("http://127.0.0.1:1", {"s", "g", "w"}));
  ASSERT_TRUE(File().PutToken("http://127.0.0.1:1", "t2"));
  ASSERT_TRUE(File().PutToken("http://far:1", "t3"));
  auto all = *File().Load();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].token, "t2");
  ASSERT_EQ(all[0].workspaces.size(), 1u);
  EXPECT_EQ(fs_.Stat(File().path())->mode & 0777u, 0600u);
  here_.variables["XDG_CONFIG_HOME"] = dir_ + "/xdg";
  EXPECT_EQ(File().path(), dir_ + "/xdg/runwright/credentials.json");
}

TEST_F(LocateTest, ALoopbackEntryCountsOnItsHostOnly) {
  ASSERT_TRUE(File().PutToken("http://localhost:1", "t"));
  ASSERT_TRUE(File().PutToken("http://far:1", "far"));
  here_.host = "other";
  ASSERT_EQ(File().Load()->size(), 1u);
  ASSERT_TRUE(File().PutToken("http://localhost:1", "mine"));
  here_.host = "box";
  EXPECT_EQ((*File().Find("http://localhost:1"))->token, "t");
}

TEST_F(LocateTest, ACredentialFollowsItsServer) {
  ASSERT_TRUE(File().PutToken("http://127.0.0.1:1", "t"));
  ASSERT_TRUE(File().AddWorkspace("http://127.0.0.1:1", {"s", "g", "w"}));
  ASSERT_TRUE(File().PutToken("http://127.0.0.1:2", "stale"));
  ASSERT_TRUE(File().Move("http://127.0.0.1:1", "http://127.0.0.1:2"));
  auto all = *File().Load();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].token, "t");
  EXPECT_EQ(all[0].workspaces.size(), 1u);
  ASSERT_TRUE(File().PutNewServer("http://127.0.0.1:2", "new"));
  EXPECT_EQ((*File().Find("http://127.0.0.1:2"))->workspaces.size(), 0u);
}

TEST_F(LocateTest, ABrokenCredentialFileIsNamedAndLeftAlone) {
  ASSERT_TRUE(fs_.MakeDirs(dir_ + "/home/.config/runwright"));
  ASSERT_TRUE(os::WriteFileAtomically(fs_, File().path(), "{oops"));
  EXPECT_EQ(File().Load().error().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(File().PutToken("http://x:1", "t"));
  EXPECT_EQ(*os::ReadFile(fs_, File().path()), "{oops");
}

TEST_F(LocateTest, ConfigIsFoundInParentsAndAzuresPlaces) {
  EXPECT_EQ(*FindConfig(here_.cwd), std::nullopt);
  Config("a/.azureml/config.json", "http://h:1", "parent");
  EXPECT_EQ((*FindConfig(here_.cwd))->keys.workspace_name, "parent");
  ASSERT_TRUE(os::WriteFileAtomically(fs_, here_.cwd + "/config.json", "{\"lr\": 1}"));
  EXPECT_EQ((*FindConfig(here_.cwd))->keys.workspace_name, "parent");
  Config("a/b/aml_config/config.json", "", "near");
  EXPECT_EQ((*FindConfig(here_.cwd))->keys.workspace_name, "near");
}

TEST_F(LocateTest, AnotherConfigIsNeverOverwritten) {
  Config("config.json", "http://h:1");
  EXPECT_TRUE(WriteConfig({dir_ + "/config.json", {"s", "g", "ws"}, "http://h:1/"}));
  Status other = WriteConfig({dir_ + "/config.json", {"s", "g", "else"}, "http://h:1"});
  EXPECT_EQ(other.error().code(), Code::kConflict);
  EXPECT_NE(other.error().message().find("workspace_name is 'ws'"), std::string::npos);
  EXPECT_EQ(ReadConfig(dir_ + "/config.json")->keys.workspace_name, "ws");
}

TEST_F(LocateTest, TheOrderOfTheLookUp) {
  EXPECT_EQ(Locate(here_, "").error().code(), Code::kFailedPrecondition);
  ASSERT_TRUE(File().PutToken("http://one:1", "t1"));
  EXPECT_EQ(Locate(here_, "")->server, "http://one:1");
  EXPECT_EQ(Locate(here_, "")->token, "t1");

  ASSERT_TRUE(File().PutToken("http://two:2", "t2"));
  auto several = Locate(here_, "");
  ASSERT_FALSE(several);
  EXPECT_NE(several.error().message().find("http://one:1"), std::string::npos);
  EXPECT_NE(several.error().message().find("http://two:2"), std::string::npos);

  Config("a/config.json", "");  // Azure's three keys alone: whoever is known to hold the workspace
  EXPECT_FALSE(Locate(here_, ""));
  ASSERT_TRUE(File().AddWorkspace("http://two:2", {"s", "g", "ws"}));
  EXPECT_EQ(Locate(here_, "")->server, "http://two:2");

  Config("a/b/config.json", "http://one:1");
  EXPECT_EQ(Locate(here_, "")->server, "http://one:1");
  EXPECT_EQ(Locate(here_, "")->workspace->workspace_name, "ws");

  here_.variables["RUNWRIGHT_RUN_DIR"] = "/runs/r";
  EXPECT_EQ(Locate(here_, "")->server, "unix:/runs/r/exec.sock");

  here_.variables["RUNWRIGHT_SERVER"] = "http://env:1/";
  EXPECT_EQ(Locate(here_, "").error().code(), Code::kUnauthenticated);
  here_.variables["RUNWRIGHT_TOKEN"] = "te";
  EXPECT_EQ(Locate(here_, "")->server, "http://env:1");
  EXPECT_EQ(Locate(here_, "")->token, "te");
  EXPECT_EQ(Locate(here_, "http://two:2")->token, "t2");
  EXPECT_EQ(Locate(here_, "http://three:3").error().code(), Code::kUnauthenticated);
}

TEST_F(LocateTest, PathsAndPrograms) {
  EXPECT_EQ(here_.Absolute("../x/./y"), dir_ + "/a/x/y");
  EXPECT_EQ(here_.Absolute("~/d"), dir_ + "/home/d");
  EXPECT_EQ(here_.DataFolder(), dir_ + "/home/.local/share/runwright");
  here_.variables["PATH"] = "/nonexistent:/bin";
  EXPECT_EQ(here_.FindProgram("sh"), "/bin/sh");
  EXPECT_EQ(here_.FindProgram("no-such-program"), "");
}

/// A server on its own loop and thread, as the blocking client expects one.
class ApiTest : public ::testing::Test {
 protected:
  void Serve(net::Handler handler) {
    server_ = *net::HttpServer::Listen(loop_, {.spool_dir = "/tmp"}, nullptr, std::move(handler));
    api_ = *Api::Make("http://" + server_->address(), "secret");
    thread_ = std::thread([this] { loop_.Run(); });
  }
  void TearDown() override {
    api_.reset();
    loop_.Stop();
    thread_.join();
    server_.reset();
  }
  net::AsioLoop loop_;
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
  std::unique_ptr<Api> api_;
};

TEST_F(ApiTest, AuthorizesPagesAndReportsErrors) {
  Serve([](net::Request request, std::shared_ptr<net::Responder> responder) {
    if (request.Header("Authorization") != "Bearer secret")
      return responder->Send(net::ErrorResponse(Error(Code::kUnauthenticated, "no token")));
    if (request.path == "/api/v1/runs/x%20y")
      return responder->Send(net::ErrorResponse(Error(Code::kNotFound, "no run 'x y'", "run")));
    json::Value page;
    std::string cursor = request.Query("cursor").value_or("");
    page.Set("items", json::Array{json::Value().Set("id", "r" + cursor)});
    if (cursor != "2") page.Set("next_cursor", cursor.empty() ? "1" : "2");
    responder->Send(net::JsonResponse(page));
  });
  auto missing = api_->Run("x y");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_EQ(missing.error().field(), "run");
  auto all = api_->ListRuns("w", {}, 100);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 3u);
  EXPECT_EQ(api_->ListRuns("w", {}, 2)->size(), 2u);
}

TEST_F(ApiTest, AWorkspaceIsFoundOrTheChoicesAreListed) {
  Serve([](net::Request, std::shared_ptr<net::Responder> responder) {
    json::Array items;
    for (const char* name : {"one", "two"})
      items.push_back(json::Value().Set("name", name).Set("subscription_id", "s"));
    responder->Send(net::JsonResponse(json::Value().Set("items", items)));
  });
  EXPECT_EQ(api_->FindWorkspace({"s", "", "two"})->StringOr("name"), "two");
  EXPECT_EQ(api_->FindWorkspace({"", "", "three"}).error().code(), Code::kNotFound);
  auto which = api_->FindWorkspace({});
  EXPECT_EQ(which.error().code(), Code::kFailedPrecondition);
  EXPECT_NE(which.error().message().find("one, two"), std::string::npos);
}

TEST_F(ApiTest, FollowingGoesOnOverLostConnections) {
  int connection = 0;
  std::vector<std::string> from;
  Serve([&](net::Request request, std::shared_ptr<net::Responder> responder) {
    from.push_back(request.Query("from").value_or(""));
    auto sink = responder->Stream({});
    auto log = [&](int offset, const char* base64) {
      sink->Write("event: log\ndata: {\"name\":\"l\",\"offset\":" + std::to_string(offset) +
                  ",\"bytes\":\"" + base64 + "\"}\n\n");
    };
    if (++connection == 1) {
      sink->Write("event: status\ndata: {\"status\":\"Running\"}\n\n");
      log(0, "YWJj");  // abc
    } else {
      log(2, "Y2Rl");  // cde: one byte is known
      sink->Write("event: end\ndata: {\"status\":\"Failed\"}\n\n");
    }
    sink->Close();
  });
  std::string text, statuses;
  auto end =
      FollowLogs(*api_, "r", {},
                 {[&](const std::string&, const std::string& bytes) { text += bytes; },
                  [&](const std::string& s, const std::string&) { statuses += s; }, nullptr});
  ASSERT_TRUE(end) << end.error().ToString();
  EXPECT_EQ(*end, "Failed");
  EXPECT_EQ(text, "abcde");
  EXPECT_EQ(statuses, "Running");
  EXPECT_EQ(from, (std::vector<std::string>{"", "l:3"}));
}

}  // namespace
}  // namespace rw::client
