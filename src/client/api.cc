#include "client/api.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/random.h"
#include "base/strings.h"
#include "net/asio_loop.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::client {
namespace {
constexpr std::chrono::seconds kTimeout{120};
constexpr size_t kPage = 1000;

/// A body that came as a file into its place, by copy where the spool is on another file system.
Status Place(net::Response& response, const std::string& to) {
  os::FileSystem& fs = os::PosixFileSystem();
  if (!response.body.file) return os::WriteFileAtomically(fs, to, response.body.bytes);
  TRY(fs.Rename(response.body.file->path(), to));
  response.body.file->Disown();
  return fs.SetMode(to, 0644);
}
}  // namespace

std::string ApiPath(const std::vector<std::string>& segments) {
  std::string path = "/api/v1";
  for (const std::string& segment : segments) path += "/" + PercentEncode(segment);
  return path;
}

Api::Api(std::string server, std::string token)
    : server_(std::move(server)), token_(std::move(token)), loop_(new net::AsioLoop) {}
Api::~Api() = default;

Result<std::unique_ptr<Api>> Api::Make(const std::string& server, const std::string& token) {
  std::unique_ptr<Api> api(new Api(server, token));
  api->transport_ = TRY(net::MakeHttpTransport(*api->loop_, server));
  return api;
}

Status Api::MoveTo(const std::string& server) {
  if (server == server_) return Ok();
  transport_ = TRY(net::MakeHttpTransport(*loop_, server));
  server_ = server;
  return Ok();
}

net::Request Api::Authorized(std::string method, std::string path, Query query) const {
  net::Request request{.method = std::move(method), .path = std::move(path)};
  request.query = std::move(query);
  if (!token_.empty()) request.headers["Authorization"] = "Bearer " + token_;
  return request;
}

Result<net::Response> Api::SendBy(net::Transport& transport, net::Request request) {
  std::optional<Result<net::Response>> answer;
  // A body of any size may be on its way: what counts is that the connection lives, and its own
  // keep-alive watches that.
  std::chrono::milliseconds timeout = request.body.file ? std::chrono::milliseconds(0) : kTimeout;
  transport.Send(std::move(request), timeout, [&](Result<net::Response> response) {
    answer = std::move(response);
    loop_->Stop();
  });
  if (!answer) loop_->Run();
  CHECK(answer.has_value());
  return *std::move(answer);
}

Result<net::Response> Api::Send(net::Request request) {
  return SendBy(*transport_, std::move(request));
}

Result<json::Value> Api::Call(const std::string& method, const std::string& path, Query query,
                              const json::Value* body) {
  net::Request request = Authorized(method, path, std::move(query));
  if (body != nullptr) {
    request.headers["Content-Type"] = "application/json";
    request.body.bytes = json::Write(*body);
  }
  net::Response response = TRY(Send(std::move(request)));
  std::string text = std::move(response.body.bytes);
  if (response.body.file)
    text = TRY(os::ReadFile(os::PosixFileSystem(), response.body.file->path(), 1 << 30));
  response.body.bytes = text;
  if (response.status >= 400) return ErrorOf(response);
  if (Trim(text).empty()) return json::Value();
  return json::Parse(text);
}

Result<json::Array> Api::List(const std::string& path, const Query& query, size_t most) {
  json::Array items;
  std::string cursor;
  while (items.size() < most) {
    Query page = query;
    page.emplace_back("limit", std::to_string(std::min(kPage, most - items.size())));
    if (!cursor.empty()) page.emplace_back("cursor", cursor);
    json::Value answer = TRY(Get(path, std::move(page)));
    if (!answer["items"].is_array()) return Error(Code::kInternal, path + " answered no list");
    for (json::Value& item : answer.as_object()["items"].as_array())
      items.push_back(std::move(item));
    cursor = answer.StringOr("next_cursor");
    if (cursor.empty()) break;
  }
  if (items.size() > most) items.resize(most);
  return items;
}

Status Api::Download(const std::string& path, Query query, const std::string& to) {
  os::FileSystem& fs = os::PosixFileSystem();
  TRY(fs.MakeDirs(os::DirName(to)));
  // Spooled beside its place, so that the end of a download is a rename.
  auto transport = TRY(net::MakeHttpTransport(*loop_, server_, {.spool_dir = os::DirName(to)}));
  std::optional<Result<net::Response>> answer;
  transport->Send(Authorized("GET", path, std::move(query)), std::chrono::milliseconds(0),
                  [&](Result<net::Response> response) {
                    answer = std::move(response);
                    loop_->Stop();
                  });
  if (!answer) loop_->Run();
  net::Response response = TRY(*std::move(answer));
  if (response.status >= 400) return ErrorOf(response);
  return Place(response, to);
}

}  // namespace rw::client
