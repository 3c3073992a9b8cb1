#include <gtest/gtest.h>

#include "net/http.h"
#include "net/sse_parser.h"
#include "net/url.h"

namespace rw::net {
namespace {

TEST(Message, TargetsAreParsedAndWritten) {
  Request request;
  ASSERT_TRUE(request.SetTarget("/api/v1/runs/a%2Fb?name=x+y&name=z&flag&empty="));
  EXPECT_EQ(*request.Segments(), (std::vector<std::string>{"api", "v1", "runs", "a/b"}));
  EXPECT_EQ(request.QueryAll("name"), (std::vector<std::string>{"x y", "z"}));
  EXPECT_EQ(request.Query("flag"), "");
  EXPECT_EQ(request.Query("none"), std::nullopt);
  EXPECT_EQ(request.Target(), "/api/v1/runs/a%2Fb?name=x%20y&name=z&flag=&empty=");
  EXPECT_TRUE(request.SetTarget("http://host:1/p?q=1"));
  EXPECT_EQ(request.path, "/p");
  EXPECT_FALSE(request.SetTarget("relative"));
  EXPECT_FALSE(request.SetTarget("/x?a=%zz"));
  request.path = "/bad%2";
  EXPECT_FALSE(request.Segments());
  request.path = "/a b\r\nInjected: 1";
  EXPECT_EQ(request.Target().find('\n'), std::string::npos);
}

TEST(Message, ErrorsTravel) {
  Error error(Code::kConflict, "it exists", "name");
  Error back = ErrorOf(ErrorResponse(error));
  EXPECT_EQ(back.code(), Code::kConflict);
  EXPECT_EQ(back.message(), "it exists");
  EXPECT_EQ(back.field(), "name");
  EXPECT_EQ(ErrorOf(Response{.status = 404}).code(), Code::kNotFound);
  EXPECT_EQ(ErrorOf(ErrorResponse(Error(Code::kCorrupt, "x"))).code(), Code::kCorrupt);
  Headers headers{{"Content-Type", "a"}};
  EXPECT_EQ(headers.count("content-TYPE"), 1u);
}

TEST(Message, Urls) {
  EXPECT_EQ(ParseUrl("http://[::1]:80/x/")->Authority(), "[::1]:80");
  EXPECT_EQ(ParseUrl("http://[::1]:80/x/")->prefix, "/x");
  EXPECT_EQ(ParseUrl("unix:/a/b")->unix_path, "/a/b");
  EXPECT_EQ(ParseUrl("http://h")->port, 80);
  for (const char* bad : {"", "h:1", "http://", "http://h:99999", "unix:rel", "http://h:x"})
    EXPECT_FALSE(ParseUrl(bad)) << bad;
  EXPECT_EQ(ParseUrl("https://h").error().code(), Code::kUnsupported);
}

TEST(Message, ServerSentEventsInAnyPieces) {
  std::string text = "event: log\r\nid: 7\r\ndata: a\r\ndata: b\r\n\r\n: ping\n\ndata:c\n\n";
  for (size_t step = 1; step <= text.size(); step++) {
    std::string seen;
    SseParser parser([&](const std::string& e, const std::string& id, const std::string& data) {
      seen += e + "/" + id + "/" + data + ";";
      return true;
    });
    for (size_t at = 0; at < text.size(); at += step)
      ASSERT_TRUE(*parser.Put(std::string_view(text).substr(at, step)));
    EXPECT_EQ(seen, "log/7/a\nb;message/7/c;") << step;
  }
}

/// A loop, a server whose behaviour a test sets, and a client.

}  // namespace
}  // namespace rw::net
