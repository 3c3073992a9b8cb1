// Which executors this server understands.
#pragma once

#include "base/result.h"
#include "net/http.h"

namespace rw::server {

/// kFailedPrecondition, field "protocol", for a version that this server does not speak; it says
/// which it does and what to do.
Status CheckProtocol(int64_t version);
/// Of a request's header; requests without one pass.
Status CheckProtocol(const net::Request& head);

}  // namespace rw::server
