// runwright compute …
#include "cli/commands.h"

namespace rw::cli {
namespace {

json::Value Changes(const ComputeOptions& o) {
  json::Value out{json::Object()};
  if (o.min_nodes) out.Set("min_nodes", *o.min_nodes);
  if (o.max_nodes) out.Set("max_nodes", *o.max_nodes);
  if (o.idle_seconds) out.Set("idle_seconds_before_scaledown", *o.idle_seconds);
  if (o.env_root) out.Set("env_root", *o.env_root);
  return out;
}

json::Value NewCompute(const ComputeOptions& o) {
  json::Value out = Changes(o);
  out.Set("name", o.name);
  if (!o.vm_size.empty()) out.Set("vm_size", o.vm_size);
  if (!o.vm_priority.empty()) out.Set("vm_priority", o.vm_priority);
  if (!o.description.empty()) out.Set("description", o.description);
  return out;
}

std::string Nodes(const json::Value& compute) {
  return std::to_string(compute.IntOr("current_node_count", 0)) + " of " +
         std::to_string(compute.IntOr("min_nodes", 0)) + "-" +
         std::to_string(compute.IntOr("max_nodes", 0));
}

Row RowOf(const json::Value& compute) {
  std::string state = compute.StringOr("provisioning_state");
  return {compute.StringOr("name"),
          compute.StringOr("type"),
          compute.StringOr("vm_size"),
          Cell(state, StatusColor(state)),
          compute.StringOr("allocation_state"),
          Nodes(compute)};
}

std::string TableOf(Context& context, const std::vector<Row>& rows) {
  return context.terminal().Table(
      {{"NAME"}, {"TYPE"}, {"SIZE", true}, {"STATE"}, {"ALLOCATION"}, {"NODES"}}, rows);
}

int Show(Context& context, const json::Value& compute) {
  if (context.json()) {
    Print(json::WritePretty(compute) + "\n");
    return 0;
  }
  Print(TableOf(context, {RowOf(compute)}));
  if (compute["nodes"].is_array())
    for (const json::Value& node : compute["nodes"].as_array()) {
      std::string state = node.StringOr("state");
      Print("  node " + node.StringOr("id") + "  " +
            context.terminal().Paint(state, StatusColor(state)) + "  " + node.StringOr("run_id") +
            "\n");
    }
  if (compute["warnings"].is_array())
    for (const json::Value& warning : compute["warnings"].as_array())
      Print(context.terminal().Paint("warning: " + warning.StringOr("message"), Color::kYellow) +
            "\n");
  return 0;
}

Result<int> ListAll(Context& context) {
  client::Api* api = TRY(context.Api());
  json::Array computes = TRY(api->ListComputes(TRY(context.WorkspaceId())));
  if (context.json()) {
    Print(json::WritePretty(json::Value(std::move(computes))) + "\n");
    return 0;
  }
  std::vector<Row> rows;
  for (const json::Value& compute : computes) rows.push_back(RowOf(compute));
  Print(TableOf(context, rows));
  return 0;
}
}  // namespace

Result<int> Compute(Context& context, const ComputeOptions& o) {
  if (o.action == ComputeAction::kList) return ListAll(context);
  client::Api* api = TRY(context.Api());
  std::string ws = TRY(context.WorkspaceId());
  switch (o.action) {
    case ComputeAction::kCreate:
      return Show(context, TRY(api->CreateCompute(ws, NewCompute(o))));
    case ComputeAction::kUpdate:
      if (Changes(o).as_object().empty())
        return Error(Code::kInvalidArgument,
                     "nothing to change: give --min-nodes, --max-nodes, --idle-seconds or "
                     "--env-root");
      return Show(context, TRY(api->UpdateCompute(ws, o.name, Changes(o))));
    case ComputeAction::kDelete:
      TRY(api->DeleteCompute(ws, o.name));
      if (context.json()) Print(json::WritePretty(json::Value().Set("deleted", o.name)) + "\n");
      if (!context.json()) Print("deleted " + o.name + "\n");
      return 0;
    default:
      return Show(context, TRY(api->Compute(ws, o.name)));
  }
}

}  // namespace rw::cli
