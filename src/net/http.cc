#include "net/http.h"

#include <strings.h>
#include <unistd.h>

#include <algorithm>

namespace rw::net {
namespace {
Code CodeFromName(std::string_view name, int status) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); i++)
    if (CodeName(static_cast<Code>(i)) == name) return static_cast<Code>(i);
  return CodeFromHttpStatus(status);
}
/// Texts of clients come back in errors: one line, and of a long one its beginning and its end.
std::string Shown(std::string_view text) {
  constexpr size_t kHead = 800, kTail = 300;
  auto is_boundary = [&](size_t at) { return (text[at] & 0xC0) != 0x80; };
  std::string cut;
  if (text.size() > kHead + kTail + 100) {
    size_t head = kHead, tail = text.size() - kTail;
    while (!is_boundary(head)) head--;
    while (!is_boundary(tail)) tail++;
    cut = text.substr(0, head);
    cut.append(" … (").append(std::to_string(tail - head)).append(" bytes) … ");
    cut.append(text.substr(tail));
    text = cut;
  }
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      constexpr char kDigits[] = "0123456789abcdef";
      out.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return out;
}

}  // namespace

bool NoCaseLess::operator()(std::string_view a, std::string_view b) const {
  int order = strncasecmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return order < 0 || (order == 0 && a.size() < b.size());
}

FileBody::FileBody(std::string path, uint64_t offset, uint64_t size, bool owned)
    : path_(std::move(path)), offset_(offset), size_(size), owned_(owned) {}

FileBody::~FileBody() {
  if (owned_) unlink(path_.c_str());
}

Response JsonResponse(const json::Value& value, int status) {
  Response response{.status = status};
  response.headers["Content-Type"] = "application/json";
  response.body.bytes = json::Write(value);
  return response;
}

Response ErrorResponse(const Error& error) {
  json::Value detail;
  detail.Set("code", CodeName(error.code())).Set("message", Shown(error.message()));
  if (!error.field().empty()) detail.Set("field", Shown(error.field()));
  Response response = JsonResponse(json::Value().Set("error", detail), HttpStatus(error.code()));
  if (error.code() == Code::kUnauthenticated) response.headers["WWW-Authenticate"] = "Bearer";
  return response;
}

Error ErrorOf(const Response& response) {
  auto body = json::Parse(response.body.bytes);
  if (body && (*body)["error"].is_object()) {
    const json::Value& detail = (*body)["error"];
    return Error(CodeFromName(detail.StringOr("code"), response.status), detail.StringOr("message"),
                 detail.StringOr("field"));
  }
  return Error(CodeFromHttpStatus(response.status), "the server answered HTTP status " +
                                                        std::to_string(response.status) +
                                                        " without a description");
}

}  // namespace rw::net
