#include "cli/options.h"

#include <CLI/CLI.hpp>

#include "base/strings.h"
#include "cli/version.h"

namespace rw::cli {
namespace {

/// All commands of one parse. Values land in `values`; the command that was named moves its own
/// out.
class Grammar {
 public:
  Grammar()
      : app_(
            "Runwright runs your Python training scripts, keeps their metrics, logs, files and "
            "models.",
            "runwright") {
    app_.set_version_flag("--version", std::string("runwright ") + kVersion);
    app_.require_subcommand(1);
    app_.footer(
        "First steps:\n"
        "  runwright init                        start a server, make a workspace for this folder\n"
        "  runwright submit --follow train.py    run a script and see its output\n"
        "  runwright runs list\n\n"
        "The server is found by --server, RUNWRIGHT_SERVER, config.json in this folder or its "
        "parents,\n"
        "or as the only entry of ~/.config/runwright/credentials.json.\n"
        "Exit codes: 0 done, 1 the run failed, 2 wrong arguments, 3 not allowed, 4 not found,\n"
        "5 conflict or wrong state, 6 canceled, 69 no answer, 70 internal error, 74 no space.");
    Common(&app_);
    DeclareInit();
    DeclareServer();
    DeclareSubmit();
    DeclareRuns();
    DeclareLogs();
    DeclareCompute();
    DeclareModels();
    DeclareEnv();
    DeclareOpen();
    DeclareSync();
    DeclareSecrets();
    DeclareSources();
    DeclareBackup();
    DeclareRestore();
    DeclareGc();
    DeclareDoctor();
    DeclareCompletion();
    DeclareSnapshot();
  }

  Parsed Parse(std::vector<std::string> arguments) {
    Parsed out;
    if (!arguments.empty() && IsUnknown(arguments[0])) {
      out.exit_code = 2;
      out.text = UnknownCommand(arguments[0]);
      return out;
    }
    std::reverse(arguments.begin(), arguments.end());
    try {
      app_.parse(std::move(arguments));
      out.common = common_;
      out.command = std::move(command_);
    } catch (const CLI::ParseError& error) {
      std::ostringstream text, errors;
      bool fine = app_.exit(error, text, errors) == 0;
      out.exit_code = fine ? 0 : 2;
      out.text = fine ? WithScript(text.str()) : "runwright: " + errors.str();
    }
    return out;
  }

  bool IsUnknown(const std::string& word) const {
    auto named = [&](const CLI::App* one) { return one->get_name() == word; };
    return !word.empty() && word[0] != '-' && app_.get_subcommands(named).empty();
  }

  std::string UnknownCommand(const std::string& word) const {
    std::vector<std::string> known;
    for (const CLI::App* one : app_.get_subcommands([](const CLI::App*) { return true; }))
      if (!one->get_group().empty()) known.push_back(one->get_name());
    std::vector<std::string> near = NearMatches(word, known, 1);
    return "runwright: there is no command '" + word + "'." +
           (near.empty() ? "" : " Did you mean '" + near[0] + "'?") +
           " `runwright --help` lists them.\n";
  }

  /// CLI11 does not know that submit takes what it leaves over.
  static std::string WithScript(std::string help) {
    constexpr std::string_view kUsage = "runwright submit [OPTIONS]";
    size_t at = help.find(kUsage);
    if (at != std::string::npos) help.insert(at + kUsage.size(), " SCRIPT [ARGUMENTS...]");
    return help;
  }

  static CommandTree Describe(const CLI::App& app) {
    CommandTree tree{app.get_name(), {}, {}};
    for (const CLI::Option* option : app.get_options())
      for (const std::string& name : option->get_lnames()) tree.options.push_back("--" + name);
    for (const CLI::App* sub :
         app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
      tree.children.push_back(Describe(*sub));
    return tree;
  }
  CommandTree Tree() const { return Describe(app_); }

 private:
  void Common(CLI::App* app) {
    app->add_option("--server", common_.server, "URL of the server, e.g. http://127.0.0.1:4242")
        ->group("Common");
    app->add_option("-w,--workspace", common_.workspace, "name of the workspace")->group("Common");
    app->add_flag("--json", common_.json, "print JSON for programs")->group("Common");
    app->add_flag("--no-color", common_.no_color, "never use colours")->group("Common");
  }

  CLI::App* Group(const char* name, const char* help) {
    CLI::App* group = app_.add_subcommand(name, help);
    group->require_subcommand(1);
    return group;
  }

  /// A command that ends as `values`, after `finish` set what the options do not say.
  template <class T>
  CLI::App* Leaf(CLI::App* parent, const char* name, const char* help, T& values,
                 std::function<void(T&)> finish, const char* examples) {
    CLI::App* leaf = parent->add_subcommand(name, help);
    Common(leaf);
    leaf->footer(std::string("Examples:\n") + examples);
    leaf->callback([this, &values, finish] {
      if (finish) finish(values);
      command_ = values;
    });
    return leaf;
  }

  static void Repeatable(CLI::App* app, const char* name, std::vector<std::string>& into,
                         const char* help) {
    app->add_option(name, into, help)->allow_extra_args(false);
  }

  void DeclareInit() {
    CLI::App* app = Leaf<InitOptions>(
        &app_, "init", "Start a server where none runs, make a workspace, write config.json", init_,
        nullptr,
        "  runwright init\n"
        "  runwright init project --workspace vision\n"
        "  runwright init --server http://gpu-box:4242    (asks for the token, or reads it from "
        "stdin)");
    app->add_option("dir", init_.dir, "folder that config.json goes to")->capture_default_str();
    app->add_option("--data", init_.data,
                    "the server's data folder (default ~/.local/share/runwright)");
    app->add_option("--subscription-id", init_.subscription_id,
                    "of the workspace; default a new one");
    app->add_option("--resource-group", init_.resource_group,
                    "of the workspace; default runwright");
  }

  void DeclareServer() {
    CLI::App* serve = Leaf<ServerOptions>(
        &app_, "server", "Serve until SIGTERM; prints its URL", server_, nullptr,
        "  runwright server\n"
        "  runwright server --data /srv/runwright --listen 0.0.0.0:4242\n"
        "  runwright server --run-root /scratch/runs --env-root /scratch/environments\n"
        "  runwright server status\n"
        "  runwright server stop");
    serve->add_option("--data", server_.data, "data folder (default ~/.local/share/runwright)");
    serve->add_option("--listen", server_.listen,
                      "HOST:PORT (default: as at the last start; first 127.0.0.1 and a free port)");
    serve->add_option("--run-root", server_.run_root,
                      "folder of run folders (default: as at the last start; first runs in the "
                      "data folder)");
    serve->add_option("--container-engine", server_.container_engine,
                      "podman or docker, a path or a name (default: the first on PATH)");
    serve->add_option("--env-root", server_.env_root,
                      "folder of environments, shared by all servers of this machine that name it "
                      "(default: as at the last start; first env in the data folder)");
    serve->add_option("--finalizing-limit", server_.finalizing_seconds,
                      "seconds for collecting what a run left (default 3600)");
    serve->add_option("--silent-limit", server_.silent_seconds,
                      "seconds without a word until a run is NotResponding (default 90)");
    serve->add_flag("--allow-network-fs", server_.allow_network_fs,
                    "serve from a data folder on a network file system: exclusive locking, slower");
    auto act = [&](const char* name, const char* help, ServerAction action, const char* examples) {
      CLI::App* leaf = Leaf<ServerOptions>(
          serve, name, help, server_, [action](ServerOptions& o) { o.action = action; }, examples);
      leaf->add_option("--data", server_.data, "data folder (default ~/.local/share/runwright)");
    };
    act("status", "Is a server running, and where", ServerAction::kStatus,
        "  runwright server status");
    act("stop", "Clean shutdown; runs go on and are taken up by the next server",
        ServerAction::kStop, "  runwright server stop");
    // The last callback wins, and CLI11 calls a parent's after its children's.
    serve->callback([this, serve] {
      if (serve->get_subcommands().empty()) command_ = server_;
    });
  }

  void DeclareSubmit() {
    SubmitOptions& o = submit_;
    CLI::App* app = Leaf<SubmitOptions>(
        &app_, "submit", "Run a script with a copy of its folder", o, nullptr,
        "  runwright submit train.py --lr 0.1\n"
        "  runwright submit --follow --experiment digits --pip scikit-learn train.py\n"
        "  runwright submit --target cpu-cluster --env-file requirements.txt --tag kind=big "
        "train.py\n"
        "What follows the script belongs to the script. Without an environment option the python3 "
        "of\n"
        "your PATH runs it.");
    app->prefix_command();
    app->add_option("-e,--experiment", o.experiment, "default: the folder's name");
    app->add_option("-t,--target", o.target, "compute target")->capture_default_str();
    app->add_option("--source", o.source, "folder to copy (default: the current one)");
    auto* file = app->add_option("--env-file", o.env_file, "requirements.txt to install");
    auto* named =
        app->add_option("--env", o.env_name, "a registered environment, NAME or NAME:VERSION");
    auto* pip =
        app->add_option("--pip", o.pip, "package to install, repeatable")->allow_extra_args(false);
    app->add_option("--python", o.python,
                    "interpreter to use as it is; with --pip or --env-file: the Python version");
    named->excludes(file)->excludes(pip);
    Repeatable(app, "--tag", o.tags, "KEY=VALUE, repeatable");
    Repeatable(app, "--var", o.variables, "environment variable KEY=VALUE, repeatable");
    app->add_option("--name", o.display_name, "name to show for the run");
    app->add_option("--max-seconds", o.max_seconds, "cancel the script after this time");
    app->add_flag("-f,--follow", o.follow, "show the output until the run ends");
    app->add_flag("--allow-large", o.allow_large, "send a folder of more than 10 GiB");
    app->callback([this, app] {
      submit_.words = app->remaining();
      command_ = submit_;
    });
  }

  CLI::App* RunsLeaf(CLI::App* parent, const char* name, const char* help, RunsAction action,
                     const char* examples) {
    return Leaf<RunsOptions>(
        parent, name, help, runs_, [action](RunsOptions& o) { o.action = action; }, examples);
  }

  void DeclareRuns() {
    CLI::App* group =
        Group("runs", "Runs: list, show, cancel, metrics, files, get, delete, restore, archive");
    CLI::App* list =
        RunsLeaf(group, "list", "Newest first, or by --sort", RunsAction::kList,
                 "  runwright runs list --experiment digits --status Failed\n"
                 "  runwright runs list --filter 'metrics.acc > 0.9 and tags.team = \"x\"' "
                 "--sort -metrics.acc\n"
                 "  runwright runs list --sort 'min(metrics.loss)' --param lr --limit 100 --json\n"
                 "Fields: metrics.NAME (its last value; min(…), max(…)), params.NAME, tags.NAME, "
                 "properties.NAME,\n"
                 "id, name, number, status, experiment, type, target, parent, created, started, "
                 "ended, duration.\n"
                 "Operators: = != < <= > >= ~ (part of) in (…), and, or, not; a field alone: it is "
                 "there.");
    list->add_option("-e,--experiment", runs_.experiment, "of this experiment");
    Repeatable(list, "--status", runs_.statuses, "in this status, repeatable");
    Repeatable(list, "--tag", runs_.tags, "with this tag, KEY or KEY=VALUE, repeatable");
    list->add_option("--filter", runs_.filter, "a condition, see below");
    list->add_option("--sort", runs_.sort,
                     "a field, with - the largest first; runs without it last");
    list->add_option("--text", runs_.text, "part of an id, name, experiment or tag");
    Repeatable(list, "--metric", runs_.metrics, "show the last value of this metric, repeatable");
    Repeatable(list, "--param", runs_.params, "show this parameter, repeatable");
    list->add_option("-n,--limit", runs_.limit, "at most")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    list->add_flag("--children", runs_.children, "child runs too");
    list->add_option("--view", runs_.view, "active, archived, all (both), or deleted")
        ->check(CLI::IsMember({"active", "archived", "all", "deleted"}));
    auto one = [this](CLI::App* app) { app->add_option("run", runs_.run, "run id")->required(); };
    one(RunsLeaf(group, "show", "Everything about one run", RunsAction::kShow,
                 "  runwright runs show digits_1790000000_0a1b2c3d"));
    CLI::App* cancel = RunsLeaf(group, "cancel", "End runs: TERM, a grace period, then KILL",
                                RunsAction::kCancel, "  runwright runs cancel RUN [RUN...]");
    cancel->add_option("run", runs_.runs, "run ids")->required();
    CLI::App* metrics =
        RunsLeaf(group, "metrics", "Logged values", RunsAction::kMetrics,
                 "  runwright runs metrics RUN\n  runwright runs metrics RUN --name loss\n"
                 "  runwright runs metrics RUN --name loss --buckets 1000");
    one(metrics);
    auto* name = metrics->add_option("--name", runs_.metric, "every value of this metric");
    metrics
        ->add_option("--buckets", runs_.buckets,
                     "instead of every value the exact min, max and last of so many equal parts")
        ->check(CLI::Range(1, 10000))
        ->needs(name);
    CLI::App* files = RunsLeaf(group, "files", "Names and sizes of a run's files",
                               RunsAction::kFiles, "  runwright runs files RUN --prefix outputs/");
    one(files);
    files->add_option("--prefix", runs_.prefix, "only names that begin so");
    CLI::App* get = RunsLeaf(group, "get", "Download files of a run", RunsAction::kGet,
                             "  runwright runs get RUN outputs/model.pkl\n"
                             "  runwright runs get RUN outputs/ -o results");
    one(get);
    get->add_option("file", runs_.files,
                    "names; one ending in / means all below it; none means all");
    get->add_option("-o,--output", runs_.output, "folder")->capture_default_str();
    auto several = [this, group](const char* name, const char* help, RunsAction action,
                                 const char* examples) {
      CLI::App* app = RunsLeaf(group, name, help, action, examples);
      app->add_option("run", runs_.runs, "run ids")->required();
      return app;
    };
    several("delete",
            "Ended runs and all below them; until the grace time is over they can be restored",
            RunsAction::kDelete, "  runwright runs delete RUN [RUN...]");
    several("restore", "Bring deleted runs back", RunsAction::kRestore,
            "  runwright runs list --view deleted\n  runwright runs restore RUN [RUN...]");
    several("archive", "Leave runs out of lists", RunsAction::kArchive,
            "  runwright runs archive RUN [RUN...]\n  runwright runs archive --undo RUN")
        ->add_flag("--undo", runs_.undo, "back to the lists");
  }

  void DeclareLogs() {
    CLI::App* app = Leaf<LogsOptions>(&app_, "logs", "Output of a run", logs_, nullptr,
                                      "  runwright logs RUN\n  runwright logs -f RUN");
    app->add_option("run", logs_.run, "run id")->required();
    app->add_flag("-f,--follow", logs_.follow, "go on until the run ends");
    app->add_option("--name", logs_.name, "only this log file");
  }

  CLI::App* ComputeLeaf(CLI::App* parent, const char* name, const char* help, ComputeAction action,
                        const char* examples) {
    return Leaf<ComputeOptions>(
        parent, name, help, compute_, [action](ComputeOptions& o) { o.action = action; }, examples);
  }

  void DeclareCompute() {
    ComputeOptions& o = compute_;
    CLI::App* group = Group("compute", "Compute targets: list, show, create, update, delete");
    ComputeLeaf(group, "list", "All targets of the workspace", ComputeAction::kList,
                "  runwright compute list");
    auto named = [&](const char* name, const char* help, ComputeAction action,
                     const char* examples) {
      CLI::App* app = ComputeLeaf(group, name, help, action, examples);
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
      app->add_option(
          "--env-root", o.env_root,
          "folder on the nodes where they keep environments, which they then fetch from "
          "the server; '' (default): they use the server's folder");
    named("delete", "Refused while runs use it", ComputeAction::kDelete,
          "  runwright compute delete cpu-cluster");
  }

  CLI::App* ModelsLeaf(CLI::App* parent, const char* name, const char* help, ModelsAction action,
                       const char* examples) {
    return Leaf<ModelsOptions>(
        parent, name, help, models_, [action](ModelsOptions& o) { o.action = action; }, examples);
  }

  void DeclareModels() {
    ModelsOptions& o = models_;
    CLI::App* group = Group("models", "Registered models: list, show, register, download");
    CLI::App* list = ModelsLeaf(group, "list", "Newest first", ModelsAction::kList,
                                "  runwright models list --name digits");
    list->add_option("--name", o.name, "versions of this model");
    list->add_option("--run", o.run, "registered from this run");
    list->add_flag("--latest", o.latest, "only the latest version of each");
    CLI::App* show = ModelsLeaf(group, "show", "One version with its files", ModelsAction::kShow,
                                "  runwright models show digits\n  runwright models show digits:3");
    show->add_option("name", o.name, "NAME or NAME:VERSION")->required();
    CLI::App* add =
        ModelsLeaf(group, "register", "The next version of a model", ModelsAction::kRegister,
                   "  runwright models register digits --run RUN --path outputs/model.pkl\n"
                   "  runwright models register digits --path ./model.pkl");
    add->add_option("name", o.name, "name of the model")->required();
    add->add_option("--run", o.run, "take the files from this run");
    add->add_option("--path", o.path, "file or folder, of the run or of this machine")->required();
    Repeatable(add, "--tag", o.tags, "KEY=VALUE, repeatable");
    add->add_option("--description", o.description, "for people");
    CLI::App* get = ModelsLeaf(group, "download", "The files of a version", ModelsAction::kDownload,
                               "  runwright models download digits:3 -o model");
    get->add_option("name", o.name, "NAME or NAME:VERSION")->required();
    get->add_option("-o,--output", o.output, "folder")->capture_default_str();
  }

  CLI::App* EnvLeaf(CLI::App* parent, const char* name, const char* help, EnvAction action,
                    const char* examples) {
    return Leaf<EnvOptions>(
        parent, name, help, env_, [action](EnvOptions& o) { o.action = action; }, examples);
  }

  void EnvSource(CLI::App* app) {
    app->add_option("name", env_.name, "NAME, NAME:VERSION, run, or digits of an env_id");
    app->add_option("--env-file", env_.env_file, "requirements.txt, in place of a name");
    Repeatable(app, "--pip", env_.pip, "package, in place of a name, repeatable");
    app->add_option("--python", env_.python, "with --pip or --env-file: the Python version");
  }

  void DeclareEnv() {
    CLI::App* group =
        Group("env", "Environments and builds: list, show, build, lock, diff, export, gc, doctor");
    EnvLeaf(group, "list", "Registered environments, and what is built", EnvAction::kList,
            "  runwright env list");
    CLI::App* show = EnvLeaf(
        group, "show", "Spec, lock, substitutions, Python and place", EnvAction::kShow,
        "  runwright env show my-env\n  runwright env show my-env:2\n  runwright env show RUN\n"
        "  runwright env show 3f2a91c0b7de    (digits of an env_id or build_id)");
    show->add_option("name", env_.name, "NAME, NAME:VERSION, run, or digits of an id")->required();
    show->add_option("--version", env_.version, "of the environment; default the latest");
    EnvSource(EnvLeaf(group, "build", "Make it now, and show the log; without a run",
                      EnvAction::kBuild,
                      "  runwright env build my-env\n"
                      "  runwright env build --env-file requirements.txt --python 3.11\n"
                      "Ctrl-C ends the watching, not the build. Exit code 1 where it fails."));
    CLI::App* lock = EnvLeaf(
        group, "lock", "The exact versions; resolved now where they were not", EnvAction::kLock,
        "  runwright env lock my-env\n"
        "  runwright env lock --pip pandas --pip scikit-learn -o lock.txt\n"
        "  runwright env lock my-env --upgrade    (runs that wait keep theirs)\n"
        "What is resolved is built too, in the background; --upgrade waits for "
        "the build.");
    EnvSource(lock);
    lock->add_flag("--upgrade", env_.upgrade, "resolve anew, and keep the new versions");
    lock->add_option("-o,--output", env_.output, "write this file");
    CLI::App* diff = EnvLeaf(group, "diff", "What changed from A to B", EnvAction::kDiff,
                             "  runwright env diff my-env:1 my-env:2\n"
                             "  runwright env diff RUN_THAT_WORKED RUN_THAT_FAILED\n"
                             "  runwright env diff 3f2a91c0b7de my-env\n"
                             "Packages, Python, variables, image, framework, channels, indexes.");
    diff->add_option("a", env_.name, "NAME, NAME:VERSION, run, or digits of an id")->required();
    diff->add_option("b", env_.other, "the same")->required();
    CLI::App* out =
        EnvLeaf(group, "export", "A file that rebuilds it elsewhere", EnvAction::kExport,
                "  runwright env export my-env > requirements.txt\n"
                "  runwright env export RUN --format conda -o environment.yml\n"
                "  runwright env export my-env --format containerfile -o Containerfile");
    out->add_option("name", env_.name, "NAME, NAME:VERSION, run, or digits of an id")->required();
    out->add_option("--format", env_.format, "requirements, conda or containerfile")
        ->capture_default_str()
        ->check(CLI::IsMember({"requirements", "conda", "containerfile"}));
    out->add_option("-o,--output", env_.output, "write this file");
    CLI::App* gc = EnvLeaf(group, "gc", "Remove builds that nobody used for long", EnvAction::kGc,
                           "  runwright env gc --dry-run\n"
                           "  runwright env gc --unused-days 7\n"
                           "Without --unused-days the rule build_days counts (`runwright gc "
                           "--rules`).");
    gc->add_flag("--dry-run", env_.dry_run, "remove nothing");
    gc->add_option("--unused-days", env_.unused_days, "those unused for so long; 0: all but used");
    EnvLeaf(group, "doctor", "Changed builds, leftovers, missing interpreters, disk",
            EnvAction::kDoctor, "  runwright env doctor\n  runwright env doctor --deep")
        ->add_flag("--deep", env_.deep, "read every installed file, not only its size");
  }

  void DeclareOpen() {
    CLI::App* app =
        Leaf<OpenOptions>(&app_, "open", "A link to the run's page that logs a browser in once",
                          open_, nullptr, "  runwright open RUN");
    app->add_option("run", open_.run, "run id")->required();
  }

  /// Hidden: for people who want to know what a submission would send, and for benchmarks.
  void DeclareSnapshot() {
    CLI::App* app = Leaf<SnapshotOptions>(&app_, "snapshot",
                                          "Hash a source folder as submit does, and send nothing",
                                          snapshot_, nullptr,
                                          "  runwright snapshot\n"
                                          "  runwright snapshot src --json\n");
    app->group("");
    app->add_option("dir", snapshot_.dir, "the source folder")->capture_default_str();
    app->add_flag("--allow-large", snapshot_.allow_large, "also a folder of more than 10 GiB");
  }

  void DeclareSync() {
    SyncOptions& o = sync_;
    CLI::App* app = Leaf<SyncOptions>(
        &app_, "sync", "Send what interactive and offline runs left on this machine", o, nullptr,
        "  runwright sync --all\n"
        "  runwright sync ~/.local/state/runwright/runs/OfflineRun_2f6a…\n"
        "  runwright sync 6daf0fb0-d69e-45fe-a2be-5c0a2e6341f2\n"
        "  runwright sync usb-stick/runs --ended --experiment field-tests\n"
        "A repeat sends what is new. Runs whose process is gone without an end become Failed.");
    auto* dirs = app->add_option(
        "dir", o.dirs, "ids of runs of this machine, folders of runs, or folders that hold such");
    app->add_flag("--all", sync_all_,
                  "every run of this user on this machine (without DIR: the default)")
        ->excludes(dirs);
    app->add_option("-e,--experiment", o.experiment,
                    "of runs that the server does not know (default: as they were begun, "
                    "\"offline\")");
    app->add_flag("--ended", o.ended, "the processes of another machine's runs are gone");
    app->add_flag("--delete", o.remove, "remove each folder when the server has all of it");
  }

  void DeclareSecrets() {
    CLI::App* group = Group("secrets", "Secrets of the workspace: set, get, list, delete");
    auto leaf = [&](const char* name, const char* help, SecretsAction action,
                    const char* examples) {
      CLI::App* app = Leaf<SecretsOptions>(
          group, name, help, secrets_, [action](SecretsOptions& o) { o.action = action; },
          examples);
      if (action != SecretsAction::kList)
        app->add_option("name", secrets_.name, "letters, digits and dashes")->required();
      return app;
    };
    leaf("set", "Take the value from standard input or a file", SecretsAction::kSet,
         "  runwright secrets set db-password < password.txt\n"
         "  runwright secrets set key --file key.pem\n"
         "A newline at the end of standard input is not part of the value.")
        ->add_option("--file", secrets_.file, "the file's bytes are the value");
    leaf("get", "Print the value", SecretsAction::kGet, "  runwright secrets get db-password");
    leaf("list", "Names, never values", SecretsAction::kList, "  runwright secrets list");
    leaf("delete", "Forget a secret", SecretsAction::kDelete,
         "  runwright secrets delete db-password");
  }

  void DeclareSources() {
    CLI::App* group =
        Group("sources", "Where downloads of scripts come from instead: add, list, rm");
    auto leaf = [&](const char* name, const char* help, SourcesAction action,
                    const char* examples) {
      return Leaf<SourcesOptions>(
          group, name, help, sources_, [action](SourcesOptions& o) { o.action = action; },
          examples);
    };
    CLI::App* add = leaf(
        "add", "Map a URL prefix to a folder or a mirror", SourcesAction::kAdd,
        "  runwright sources add http://yann.lecun.com/exdb/mnist/ /data/mnist\n"
        "  runwright sources add https://example.org/files https://mirror.local/files\n"
        "  runwright sources add --from sources.json    {\"rules\": [{\"prefix\": URL, "
        "\"folder\": PATH}]}\n"
        "What Python code in a run downloads from below PREFIX (urllib, requests) is then read "
        "from the\n"
        "folder; each file read so is named in the run's warnings. The longest prefix wins.");
    auto* prefix = add->add_option("prefix", sources_.prefix, "beginning of URLs, http or https");
    auto* to = add->add_option("folder", sources_.to, "folder, or the URL of a mirror");
    prefix->needs(to);
    add->add_option("--from", sources_.from, "JSON file of rules")->excludes(prefix);
    leaf("list", "The rules, the longest prefix first", SourcesAction::kList,
         "  runwright sources list");
    leaf("rm", "Remove a rule", SourcesAction::kRemove,
         "  runwright sources rm http://yann.lecun.com/exdb/mnist/")
        ->add_option("prefix", sources_.prefix, "as in the list")
        ->required();
  }

  void DeclareGc() {
    CLI::App* app = Leaf<GcOptions>(
        &app_, "gc", "Show what takes space, remove what nobody needs", gc_, nullptr,
        "  runwright gc --dry-run\n"
        "  runwright gc\n"
        "  runwright gc --rules\n"
        "  runwright gc --set run_folder_days=3 --set run_days=never\n"
        "Rules, in days: run_days (ended runs are deleted; never by default), deleted_run_days "
        "(14, "
        "until\n"
        "a deleted run is removed for good), run_folder_days (7, working folders of ended runs),\n"
        "build_days (30, unused environments), build_gb (environments together, in GB, least "
        "recently "
        "used\n"
        "first; never by default), blob_days (1, files that nothing names), every_days (1, how "
        "often "
        "the\n"
        "server collects by itself).");
    app->add_flag("--dry-run", gc_.dry_run, "remove nothing");
    app->add_flag("--rules", gc_.show_rules, "show the rules");
    Repeatable(app, "--set", gc_.settings, "RULE=DAYS or RULE=never, repeatable");
  }

  void DeclareDoctor() {
    CLI::App* app = Leaf<DoctorOptions>(
        &app_, "doctor", "Say what is wrong, and the fix", doctor_, nullptr,
        "  runwright doctor\n"
        "  runwright doctor --data /srv/runwright --deep\n"
        "  runwright doctor RUN\n"
        "Without a run or --data: this machine, the data folder, credentials, config.json and the "
        "server.\n"
        "Exit code 1 where an error was found; warnings do not count.");
    app->add_option("run", doctor_.run, "look at this run");
    app->add_option("--data", doctor_.data, "look at this data folder, its server running or not");
    app->add_flag("--deep", doctor_.deep, "read every blob, log and metric, and verify the hashes");
  }

  void DeclareBackup() {
    CLI::App* app = Leaf<BackupOptions>(
        &app_, "backup", "Copy a data folder, also while its server writes", backup_, nullptr,
        "  runwright backup /mnt/backup/runwright\n"
        "  runwright backup --data /srv/runwright /mnt/backup/runwright   (again: only what is "
        "new)\n"
        "Database, blobs, logs, tokens and secrets; not the built environments and the working "
        "folders\n"
        "of runs. Keep it as safe as the data folder: it opens the secrets. Exit code 70 where "
        "something\n"
        "is damaged in the data folder: it is named, all else is in the backup.");
    app->add_option("dest", backup_.dest, "folder of the backup")->required();
    app->add_option("--data", backup_.data, "data folder (default ~/.local/share/runwright)");
  }

  void DeclareRestore() {
    CLI::App* app = Leaf<RestoreOptions>(
        &app_, "restore", "Make a data folder from a backup, every hash verified", restore_,
        nullptr,
        "  runwright restore /mnt/backup/runwright --data /srv/runwright\n"
        "  runwright server --data /srv/runwright\n"
        "The server's first start writes a new token for you; those that others have stay valid.");
    app->add_option("backup", restore_.backup, "folder of the backup")->required();
    app->add_option("--data", restore_.data, "a new or empty folder")->required();
    app->add_flag("--partial", restore_.partial, "of a damaged backup, restore what is whole");
  }

  void DeclareCompletion() {
    CLI::App* app = Leaf<CompletionOptions>(
        &app_, "completion", "A completion script for your shell", completion_, nullptr,
        "  source <(runwright completion bash)\n"
        "  runwright completion zsh > ~/.zfunc/_runwright");
    app->add_option("shell", completion_.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  CLI::App app_;
  CommonOptions common_;
  std::optional<Command> command_;
  InitOptions init_;
  ServerOptions server_;
  SubmitOptions submit_;
  RunsOptions runs_;
  LogsOptions logs_;
  ComputeOptions compute_;
  ModelsOptions models_;
  EnvOptions env_;
  OpenOptions open_;
  CompletionOptions completion_;
  SnapshotOptions snapshot_;
  SyncOptions sync_;
  bool sync_all_ = false;
  SecretsOptions secrets_;
  SourcesOptions sources_;
  GcOptions gc_;
  DoctorOptions doctor_;
  BackupOptions backup_;
  RestoreOptions restore_;
};
}  // namespace

Parsed ParseArguments(const std::vector<std::string>& argv) {
  Grammar grammar;
  std::vector<std::string> arguments(argv.begin() + (argv.empty() ? 0 : 1), argv.end());
  if (arguments.empty()) arguments.push_back("--help");
  return grammar.Parse(std::move(arguments));
}

CommandTree AllCommands() { return Grammar().Tree(); }

}  // namespace rw::cli
