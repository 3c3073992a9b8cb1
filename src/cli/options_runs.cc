// submit, runs, logs.
#include "cli/grammar.h"

namespace rw::cli {
void DeclareSubmit(Grammar& grammar) {
  auto& o = grammar.New<SubmitOptions>();
  CLI::App* app = grammar.Leaf<SubmitOptions>(
      &grammar.app(), "submit", "Run a script with a copy of its folder", o, nullptr,
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
  Grammar::Repeatable(app, "--tag", o.tags, "KEY=VALUE, repeatable");
  Grammar::Repeatable(app, "--var", o.variables, "environment variable KEY=VALUE, repeatable");
  app->add_option("--name", o.display_name, "name to show for the run");
  app->add_option("--max-seconds", o.max_seconds, "cancel the script after this time");
  app->add_flag("-f,--follow", o.follow, "show the output until the run ends");
  app->add_flag("--allow-large", o.allow_large, "send a folder of more than 10 GiB");
  app->callback([&grammar, &o, app] {
    o.words = app->remaining();
    grammar.Choose(o);
  });
}

void DeclareRuns(Grammar& grammar) {
  auto& o = grammar.New<RunsOptions>();
  CLI::App* group = grammar.Group(
      "runs", "Runs: list, show, cancel, metrics, files, get, delete, restore, archive");
  CLI::App* list = grammar.Leaf(
      group, "list", "Newest first, or by --sort", o, RunsAction::kList,
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
  list->add_option("-e,--experiment", o.experiment, "of this experiment");
  Grammar::Repeatable(list, "--status", o.statuses, "in this status, repeatable");
  Grammar::Repeatable(list, "--tag", o.tags, "with this tag, KEY or KEY=VALUE, repeatable");
  list->add_option("--filter", o.filter, "a condition, see below");
  list->add_option("--sort", o.sort, "a field, with - the largest first; runs without it last");
  list->add_option("--text", o.text, "part of an id, name, experiment or tag");
  Grammar::Repeatable(list, "--metric", o.metrics,
                      "show the last value of this metric, repeatable");
  Grammar::Repeatable(list, "--param", o.params, "show this parameter, repeatable");
  list->add_option("-n,--limit", o.limit, "at most")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  list->add_flag("--children", o.children, "child runs too");
  list->add_option("--view", o.view, "active, archived, all (both), or deleted")
      ->check(CLI::IsMember({"active", "archived", "all", "deleted"}));
  auto one = [&grammar, &o](CLI::App* app) { app->add_option("run", o.run, "run id")->required(); };
  one(grammar.Leaf(group, "show", "Everything about one run", o, RunsAction::kShow,
                   "  runwright runs show digits_1790000000_0a1b2c3d"));
  CLI::App* cancel = grammar.Leaf(group, "cancel", "End runs: TERM, a grace period, then KILL", o,
                                  RunsAction::kCancel, "  runwright runs cancel RUN [RUN...]");
  cancel->add_option("run", o.runs, "run ids")->required();
  CLI::App* metrics =
      grammar.Leaf(group, "metrics", "Logged values", o, RunsAction::kMetrics,
                   "  runwright runs metrics RUN\n  runwright runs metrics RUN --name loss\n"
                   "  runwright runs metrics RUN --name loss --buckets 1000");
  one(metrics);
  auto* name = metrics->add_option("--name", o.metric, "every value of this metric");
  metrics
      ->add_option("--buckets", o.buckets,
                   "instead of every value the exact min, max and last of so many equal parts")
      ->check(CLI::Range(1, 10000))
      ->needs(name);
  CLI::App* files =
      grammar.Leaf(group, "files", "Names and sizes of a run's files", o, RunsAction::kFiles,
                   "  runwright runs files RUN --prefix outputs/");
  one(files);
  files->add_option("--prefix", o.prefix, "only names that begin so");
  CLI::App* get = grammar.Leaf(group, "get", "Download files of a run", o, RunsAction::kGet,
                               "  runwright runs get RUN outputs/model.pkl\n"
                               "  runwright runs get RUN outputs/ -o results");
  one(get);
  get->add_option("file", o.files, "names; one ending in / means all below it; none means all");
  get->add_option("-o,--output", o.output, "folder")->capture_default_str();
  auto several = [&grammar, &o, group](const char* name, const char* help, RunsAction action,
                                       const char* examples) {
    CLI::App* app = grammar.Leaf(group, name, help, o, action, examples);
    app->add_option("run", o.runs, "run ids")->required();
    return app;
  };
  several("delete",
          "Ended runs and all below them; until the grace time is over they can be restored",
          RunsAction::kDelete, "  runwright runs delete RUN [RUN...]");
  several("restore", "Bring deleted runs back", RunsAction::kRestore,
          "  runwright runs list --view deleted\n  runwright runs restore RUN [RUN...]");
  several("archive", "Leave runs out of lists", RunsAction::kArchive,
          "  runwright runs archive RUN [RUN...]\n  runwright runs archive --undo RUN")
      ->add_flag("--undo", o.undo, "back to the lists");
}

void DeclareLogs(Grammar& grammar) {
  auto& o = grammar.New<LogsOptions>();
  CLI::App* app = grammar.Leaf<LogsOptions>(&grammar.app(), "logs", "Output of a run", o, nullptr,
                                            "  runwright logs RUN\n  runwright logs -f RUN");
  app->add_option("run", o.run, "run id")->required();
  app->add_flag("-f,--follow", o.follow, "go on until the run ends");
  app->add_option("--name", o.name, "only this log file");
}

}  // namespace rw::cli
