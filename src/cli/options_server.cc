// init, server, compute.
#include "cli/grammar.h"

namespace rw::cli {
void DeclareInit(Grammar& grammar) {
  auto& o = grammar.New<InitOptions>();
  CLI::App* app = grammar.Leaf<InitOptions>(
      &grammar.app(), "init", "Start a server where none runs, make a workspace, write config.json",
      o, nullptr,
      "  runwright init\n"
      "  runwright init project --workspace vision\n"
      "  runwright init --server http://gpu-box:4242    (asks for the token, or reads it from "
      "stdin)");
  app->add_option("dir", o.dir, "folder that config.json goes to")->capture_default_str();
  app->add_option("--data", o.data, "the server's data folder (default ~/.local/share/runwright)");
  app->add_option("--subscription-id", o.subscription_id, "of the workspace; default a new one");
  app->add_option("--resource-group", o.resource_group, "of the workspace; default runwright");
}

void DeclareServer(Grammar& grammar) {
  auto& o = grammar.New<ServerOptions>();
  CLI::App* serve = grammar.Leaf<ServerOptions>(
      &grammar.app(), "server", "Serve until SIGTERM; prints its URL", o, nullptr,
      "  runwright server\n"
      "  runwright server --data /srv/runwright --listen 0.0.0.0:4242\n"
      "  runwright server --run-root /scratch/runs --env-root /scratch/environments\n"
      "  runwright server status\n"
      "  runwright server stop");
  serve->add_option("--data", o.data, "data folder (default ~/.local/share/runwright)");
  serve->add_option("--listen", o.listen,
                    "HOST:PORT (default: as at the last start; first 127.0.0.1 and a free port)");
  serve->add_option("--run-root", o.run_root,
                    "folder of run folders (default: as at the last start; first runs in the "
                    "data folder)");
  serve->add_option("--container-engine", o.container_engine,
                    "podman or docker, a path or a name (default: the first on PATH)");
  serve->add_option("--env-root", o.env_root,
                    "folder of environments, shared by all servers of this machine that name it "
                    "(default: as at the last start; first env in the data folder)");
  serve->add_option("--finalizing-limit", o.finalizing_seconds,
                    "seconds for collecting what a run left (default 3600)");
  serve->add_option("--silent-limit", o.silent_seconds,
                    "seconds without a word until a run is NotResponding (default 90)");
  serve->add_flag("--allow-network-fs", o.allow_network_fs,
                  "serve from a data folder on a network file system: exclusive locking, slower");
  auto act = [&](const char* name, const char* help, ServerAction action, const char* examples) {
    CLI::App* leaf = grammar.Leaf(serve, name, help, o, action, examples);
    leaf->add_option("--data", o.data, "data folder (default ~/.local/share/runwright)");
  };
  act("status", "Is a server running, and where", ServerAction::kStatus,
      "  runwright server status");
  act("stop", "Clean shutdown; runs go on and are taken up by the next server", ServerAction::kStop,
      "  runwright server stop");
  // The last callback wins, and CLI11 calls a parent's after its children's.
  serve->callback([&grammar, &o, serve] {
    if (serve->get_subcommands().empty()) grammar.Choose(o);
  });
}

void DeclareCompute(Grammar& grammar) {
  auto& o = grammar.New<ComputeOptions>();
  CLI::App* group = grammar.Group("compute", "Compute targets: list, show, create, update, delete");
  grammar.Leaf(group, "list", "All targets of the workspace", o, ComputeAction::kList,
               "  runwright compute list");
  auto named = [&](const char* name, const char* help, ComputeAction action, const char* examples) {
    CLI::App* app = grammar.Leaf(group, name, help, o, action, examples);
    app->add_option("name", o.name, "name of the target")->required();
    return app;
  };
  auto scale = [&](CLI::App* app) {
    app->add_option("--min-nodes", o.min_nodes, "nodes that are always kept");
    app->add_option("--max-nodes", o.max_nodes, "runs at once");
    app->add_option("--idle-seconds", o.idle_seconds, "an idle node goes after this time");
  };
  named("show", "One target with its nodes", ComputeAction::kShow,
        "  runwright compute show local");
  CLI::App* create =
      named("create", "An elastic cluster, as AmlCompute", ComputeAction::kCreate,
            "  runwright compute create cpu-cluster --vm-size STANDARD_D2_V2 --max-nodes 4");
  create->add_option("--vm-size", o.vm_size, "size of a node");
  create->add_option("--vm-priority", o.vm_priority, "dedicated or lowpriority");
  create->add_option("--description", o.description, "for people");
  scale(create);
  CLI::App* update =
      named("update", "Change the numbers of nodes, or where they keep environments",
            ComputeAction::kUpdate, "  runwright compute update local --max-nodes 8");
  scale(update);
  for (CLI::App* app : {create, update})
    app->add_option("--env-root", o.env_root,
                    "folder on the nodes where they keep environments, which they then fetch from "
                    "the server; '' (default): they use the server's folder");
  named("delete", "Refused while runs use it", ComputeAction::kDelete,
        "  runwright compute delete cpu-cluster");
}

}  // namespace rw::cli
