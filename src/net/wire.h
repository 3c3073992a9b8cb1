// Heads of messages as bytes on the wire.
#pragma once

#include <optional>
#include <string>

#include "net/http.h"
#include "net/url.h"

namespace rw::net {

enum class KeepAlive { kNo, kYes };

/// Request line and fields, with the empty line. Host, Content-Length and Connection are ours;
/// fields of those names in `request` are replaced, except that Host is kept.
std::string RequestHead(const Request& request, const Url& peer, KeepAlive keep_alive);

/// `length` absent: the body is chunked (`chunked`) or ends with the connection.
std::string ResponseHead(const Response& response, std::optional<uint64_t> length, bool chunked,
                         KeepAlive keep_alive);

/// Status 1xx, 204 and 304 have no body whatever their fields say.
bool HasNoBody(int status);

/// One chunk of a chunked body.
std::string Chunk(std::string_view bytes);

}  // namespace rw::net
