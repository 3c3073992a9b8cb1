#include "sim/ledger.h"

#include <algorithm>

#include "json/value.h"

namespace rw::sim {

void Ledger::OnAnswer(const net::Request& request, const net::Response& response) {
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
  }
}

}  // namespace rw::sim
