#include "sim/ledger.h"

#include <algorithm>

#include "cas/pack.h"
#include "json/value.h"

namespace rw::sim {

void Ledger::OnAnswer(const net::Request& request, const net::Response& response) {
  if (response.status >= 300) return;
  OnStored(request);
  if (request.method != "POST") return;
  auto segments = request.Segments();
  auto body = json::Parse(response.body.bytes);
  if (!segments || !body) return;
  const std::vector<std::string>& path = *segments;
  if (path.size() == 5 && path[2] == "workspaces" && path[4] == "runs")
    submitted_.insert(body->StringOr("id"));
  if (path.size() != 5 || path[2] != "runs") return;
  int64_t acked = body->IntOr("acked", 0);
  if (path[4] == "journal") {
    int64_t& most = journals_[path[3]][request.Query("writer").value_or("")];
    most = std::max(most, acked);
  } else if (path[4] == "logs") {
    logs_[path[3]] = std::max(logs_[path[3]], acked);
  } else if (path[4] == "cancel") {
    canceled_.try_emplace(path[3], body->StringOr("status"));
  }
}

void Ledger::OnStored(const net::Request& request) {
  constexpr std::string_view kBlobs = "/api/v1/blobs/";
  if (request.method == "PUT" && request.path.starts_with(kBlobs))
    blobs_[request.path.substr(kBlobs.size())] = static_cast<int64_t>(request.body.size());
  if (request.path != "/api/v1/blobs/pack") return;
  auto blobs = cas::ParsePack(request.body.bytes);
  if (!blobs) return;
  for (const cas::BlobView& blob : *blobs)
    blobs_[blob.digest.Hex()] = static_cast<int64_t>(blob.bytes.size());
}

}  // namespace rw::sim
