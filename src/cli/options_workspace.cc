// models, secrets, snapshot, sync, open.
#include "cli/grammar.h"

namespace rw::cli {
void DeclareModels(Grammar& grammar) {
  auto& o = grammar.New<ModelsOptions>();
  CLI::App* group = grammar.Group("models", "Registered models: list, show, register, download");
  CLI::App* list = grammar.Leaf(group, "list", "Newest first", o, ModelsAction::kList,
                                "  runwright models list --name digits");
  list->add_option("--name", o.name, "versions of this model");
  list->add_option("--run", o.run, "registered from this run");
  list->add_flag("--latest", o.latest, "only the latest version of each");
  CLI::App* show = grammar.Leaf(group, "show", "One version with its files", o, ModelsAction::kShow,
                                "  runwright models show digits\n  runwright models show digits:3");
  show->add_option("name", o.name, "NAME or NAME:VERSION")->required();
  CLI::App* add =
      grammar.Leaf(group, "register", "The next version of a model", o, ModelsAction::kRegister,
                   "  runwright models register digits --run RUN --path outputs/model.pkl\n"
                   "  runwright models register digits --path ./model.pkl");
  add->add_option("name", o.name, "name of the model")->required();
  add->add_option("--run", o.run, "take the files from this run");
  add->add_option("--path", o.path, "file or folder, of the run or of this machine")->required();
  Grammar::Repeatable(add, "--tag", o.tags, "KEY=VALUE, repeatable");
  add->add_option("--description", o.description, "for people");
  CLI::App* get =
      grammar.Leaf(group, "download", "The files of a version", o, ModelsAction::kDownload,
                   "  runwright models download digits:3 -o model");
  get->add_option("name", o.name, "NAME or NAME:VERSION")->required();
  get->add_option("-o,--output", o.output, "folder")->capture_default_str();
}

void DeclareSecrets(Grammar& grammar) {
  auto& o = grammar.New<SecretsOptions>();
  CLI::App* group = grammar.Group("secrets", "Secrets of the workspace: set, get, list, delete");
  auto leaf = [&](const char* name, const char* help, SecretsAction action, const char* examples) {
    CLI::App* app = grammar.Leaf(group, name, help, o, action, examples);
    if (action != SecretsAction::kList)
      app->add_option("name", o.name, "letters, digits and dashes")->required();
    return app;
  };
  leaf("set", "Take the value from standard input or a file", SecretsAction::kSet,
       "  runwright secrets set db-password < password.txt\n"
       "  runwright secrets set key --file key.pem\n"
       "A newline at the end of standard input is not part of the value.")
      ->add_option("--file", o.file, "the file's bytes are the value");
  leaf("get", "Print the value", SecretsAction::kGet, "  runwright secrets get db-password");
  leaf("list", "Names, never values", SecretsAction::kList, "  runwright secrets list");
  leaf("delete", "Forget a secret", SecretsAction::kDelete,
       "  runwright secrets delete db-password");
}

/// Hidden: for people who want to know what a submission would send, and for benchmarks.
void DeclareSnapshot(Grammar& grammar) {
  auto& o = grammar.New<SnapshotOptions>();
  CLI::App* app = grammar.Leaf<SnapshotOptions>(
      &grammar.app(), "snapshot", "Hash a source folder as submit does, and send nothing", o,
      nullptr,
      "  runwright snapshot\n"
      "  runwright snapshot src --json\n");
  app->group("");
  app->add_option("dir", o.dir, "the source folder")->capture_default_str();
  app->add_flag("--allow-large", o.allow_large, "also a folder of more than 10 GiB");
}

void DeclareSync(Grammar& grammar) {
  auto& o = grammar.New<SyncOptions>();
  CLI::App* app = grammar.Leaf<SyncOptions>(
      &grammar.app(), "sync", "Send what interactive and offline runs left on this machine", o,
      nullptr,
      "  runwright sync --all\n"
      "  runwright sync ~/.local/state/runwright/runs/OfflineRun_2f6a…\n"
      "  runwright sync 6daf0fb0-d69e-45fe-a2be-5c0a2e6341f2\n"
      "  runwright sync usb-stick/runs --ended --experiment field-tests\n"
      "A repeat sends what is new. Runs whose process is gone without an end become Failed.");
  auto* dirs = app->add_option(
      "dir", o.dirs, "ids of runs of this machine, folders of runs, or folders that hold such");
  app->add_flag("--all", grammar.New<bool>(),
                "every run of this user on this machine (without DIR: the default)")
      ->excludes(dirs);
  app->add_option("-e,--experiment", o.experiment,
                  "of runs that the server does not know (default: as they were begun, "
                  "\"offline\")");
  app->add_flag("--ended", o.ended, "the processes of another machine's runs are gone");
  app->add_flag("--delete", o.remove, "remove each folder when the server has all of it");
}

void DeclareOpen(Grammar& grammar) {
  auto& o = grammar.New<OpenOptions>();
  CLI::App* app = grammar.Leaf<OpenOptions>(&grammar.app(), "open",
                                            "A link to the run's page that logs a browser in once",
                                            o, nullptr, "  runwright open RUN");
  app->add_option("run", o.run, "run id")->required();
}

}  // namespace rw::cli
