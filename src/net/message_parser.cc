#include "net/message_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>

namespace rw::net {
namespace {
namespace http = boost::beast::http;
using BoostError = boost::beast::error_code;

/// Hands body bytes to a string that the caller empties at will.
struct SinkBody {
  using value_type = std::string*;
  class reader {  // NOLINT(readability-identifier-naming): Beast's name
   public:
    template <bool kIsRequest, class Fields>
    reader(http::header<kIsRequest, Fields>&, value_type& sink) : sink_(sink) {}
    void init(const boost::optional<uint64_t>&, BoostError& ec) { ec = {}; }
    template <class Buffers>
    size_t put(const Buffers& buffers, BoostError& ec) {
      ec = {};
      size_t total = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        sink_->append(static_cast<const char*>(it->data()), it->size());
        total += it->size();
      }
      return total;
    }
    void finish(BoostError& ec) { ec = {}; }

   private:
    value_type& sink_;
  };
};

Error ParseError(const BoostError& ec) {
  if (ec == http::error::header_limit)
    return Error(Code::kTooLarge, "the head of the message is over 64 KiB");
  if (ec == http::error::body_limit)
    return Error(Code::kTooLarge, "the body of the message is too large");
  if (ec == http::error::partial_message || ec == http::error::end_of_stream)
    return Error(Code::kUnavailable, "the connection ended in the middle of a message");
  return Error(Code::kInvalidArgument, "malformed HTTP: " + ec.message());
}

template <class Parser>
void CopyHeaders(Parser& parser, Headers& headers) {
  for (const auto& field : parser.get()) {
    std::string value(field.value());
    auto [it, fresh] = headers.try_emplace(std::string(field.name_string()), value);
    if (!fresh) it->second.append(", ").append(value);
  }
}

template <class Parser>
Result<size_t> PutInto(Parser& parser, std::string_view bytes, std::string& body) {
  parser.get().body() = &body;
  size_t taken = 0;
  while (taken < bytes.size() && !parser.is_done()) {
    bool had_head = parser.is_header_done();
    BoostError ec;
    size_t n = parser.put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), ec);
    taken += n;
    if (ec && ec != http::error::need_more) return ParseError(ec);
    if (!had_head && parser.is_header_done()) break;
    if (n == 0) break;
  }
  return taken;
}
}  // namespace

struct MessageParser::Impl {
  std::unique_ptr<http::request_parser<SinkBody>> request;
  std::unique_ptr<http::response_parser<SinkBody>> response;
  template <class F>
  auto With(F f) const {
    return request ? f(*request) : f(*response);
  }
};

MessageParser::MessageParser(Kind kind, uint64_t body_limit) : impl_(new Impl) {
  if (kind == Kind::kRequest) {
    impl_->request = std::make_unique<http::request_parser<SinkBody>>();
  } else {
    impl_->response = std::make_unique<http::response_parser<SinkBody>>();
  }
  impl_->With([&](auto& parser) {
    parser.header_limit(kHeadLimit);
    parser.body_limit(body_limit);
    return 0;
  });
}
MessageParser::~MessageParser() = default;

Result<size_t> MessageParser::Put(std::string_view bytes, std::string& body) {
  return impl_->With([&](auto& parser) { return PutInto(parser, bytes, body); });
}

Status MessageParser::PutEnd() {
  return impl_->With([](auto& parser) -> Status {
    BoostError ec;
    if (!parser.got_some()) return ParseError(http::error::end_of_stream);
    parser.put_eof(ec);
    if (ec) return ParseError(ec);
    return Ok();
  });
}

void MessageParser::ExpectNoBody() {
  impl_->With([](auto& parser) {
    parser.skip(true);
    return 0;
  });
}

bool MessageParser::begun() const {
  return impl_->With([](auto& p) { return p.got_some(); });
}
bool MessageParser::head_done() const {
  return impl_->With([](auto& p) { return p.is_header_done(); });
}
bool MessageParser::done() const {
  return impl_->With([](auto& p) { return p.is_done(); });
}
bool MessageParser::keep_alive() const {
  return impl_->With([](auto& p) { return p.keep_alive(); });
}
bool MessageParser::http10() const {
  return impl_->With([](auto& p) { return p.get().version() < 11; });
}

std::optional<uint64_t> MessageParser::content_length() const {
  return impl_->With([](auto& p) -> std::optional<uint64_t> {
    auto length = p.content_length();
    if (!length) return std::nullopt;
    return *length;
  });
}

Result<Request> MessageParser::TakeRequestHead() {
  Request request;
  auto& parser = *impl_->request;
  request.method = std::string(parser.get().method_string());
  CopyHeaders(parser, request.headers);
  TRY(request.SetTarget(
      std::string_view(parser.get().target().data(), parser.get().target().size())));
  return request;
}

Response MessageParser::TakeResponseHead() {
  Response response;
  response.status = static_cast<int>(impl_->response->get().result_int());
  CopyHeaders(*impl_->response, response.headers);
  return response;
}

}  // namespace rw::net
