#include "net/wire.h"

#include <cstdio>

namespace rw::net {
namespace {
struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {416, "Range Not Satisfiable"},
    {431, "Request Header Fields Too Large"},
    {499, "Canceled"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
};

std::string_view PhraseOf(int status) {
  for (const Phrase& phrase : kPhrases)
    if (phrase.status == status) return phrase.text;
  return "Status";
}

/// A line break in a value would begin a field (or a message) of its own.
void AddField(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  for (char c : value) head.push_back(static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c);
  head += "\r\n";
}

bool IsOurs(std::string_view name) {
  NoCaseLess less;
  for (std::string_view ours : {"Connection", "Content-Length", "Transfer-Encoding"})
    if (!less(name, ours) && !less(ours, name)) return true;
  return false;
}

void AddFields(std::string& head, const Headers& headers) {
  for (const auto& [name, value] : headers)
    if (!IsOurs(name)) AddField(head, name, value);
}
}  // namespace

bool HasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

std::string RequestHead(const Request& request, const Url& peer, KeepAlive keep_alive) {
  std::string head = request.method + " " + peer.prefix + request.Target() + " HTTP/1.1\r\n";
  if (!request.headers.contains("Host")) AddField(head, "Host", peer.Authority());
  AddFields(head, request.headers);
  bool body_expected = request.method != "GET" && request.method != "HEAD";
  if (request.body.size() > 0 || body_expected)
    AddField(head, "Content-Length", std::to_string(request.body.size()));
  if (keep_alive == KeepAlive::kNo) AddField(head, "Connection", "close");
  return head + "\r\n";
}

std::string ResponseHead(const Response& response, std::optional<uint64_t> length, bool chunked,
                         KeepAlive keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(PhraseOf(response.status)).append("\r\n");
  AddFields(head, response.headers);
  if (length && !HasNoBody(response.status))
    AddField(head, "Content-Length", std::to_string(*length));
  if (chunked) AddField(head, "Transfer-Encoding", "chunked");
  AddField(head, "Connection", keep_alive == KeepAlive::kYes ? "keep-alive" : "close");
  return head + "\r\n";
}

std::string Chunk(std::string_view bytes) {
  char size[24];
  int n = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  std::string out(size, static_cast<size_t>(n));
  return out.append(bytes).append("\r\n");
}

}  // namespace rw::net
