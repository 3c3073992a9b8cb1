// gc, doctor, backup, restore, completion.
#include "cli/grammar.h"

namespace rw::cli {

void DeclareGc(Grammar& grammar) {
  auto& o = grammar.New<GcOptions>();
  CLI::App* app = grammar.Leaf<GcOptions>(
      &grammar.app(), "gc", "Show what takes space, remove what nobody needs", o, nullptr,
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
  app->add_flag("--dry-run", o.dry_run, "remove nothing");
  app->add_flag("--rules", o.show_rules, "show the rules");
  Grammar::Repeatable(app, "--set", o.settings, "RULE=DAYS or RULE=never, repeatable");
}

void DeclareDoctor(Grammar& grammar) {
  auto& o = grammar.New<DoctorOptions>();
  CLI::App* app = grammar.Leaf<DoctorOptions>(
      &grammar.app(), "doctor", "Say what is wrong, and the fix", o, nullptr,
      "  runwright doctor\n"
      "  runwright doctor --data /srv/runwright --deep\n"
      "  runwright doctor RUN\n"
      "Without a run or --data: this machine, the data folder, credentials, config.json and the "
      "server.\n"
      "Exit code 1 where an error was found; warnings do not count.");
  app->add_option("run", o.run, "look at this run");
  app->add_option("--data", o.data, "look at this data folder, its server running or not");
  app->add_flag("--deep", o.deep, "read every blob, log and metric, and verify the hashes");
}

void DeclareBackup(Grammar& grammar) {
  auto& o = grammar.New<BackupOptions>();
  CLI::App* app = grammar.Leaf<BackupOptions>(
      &grammar.app(), "backup", "Copy a data folder, also while its server writes", o, nullptr,
      "  runwright backup /mnt/backup/runwright\n"
      "  runwright backup --data /srv/runwright /mnt/backup/runwright   (again: only what is "
      "new)\n"
      "Database, blobs, logs, tokens and secrets; not the built environments and the working "
      "folders\n"
      "of runs. Keep it as safe as the data folder: it opens the secrets. Exit code 70 where "
      "something\n"
      "is damaged in the data folder: it is named, all else is in the backup.");
  app->add_option("dest", o.dest, "folder of the backup")->required();
  app->add_option("--data", o.data, "data folder (default ~/.local/share/runwright)");
}

void DeclareRestore(Grammar& grammar) {
  auto& o = grammar.New<RestoreOptions>();
  CLI::App* app = grammar.Leaf<RestoreOptions>(
      &grammar.app(), "restore", "Make a data folder from a backup, every hash verified", o,
      nullptr,
      "  runwright restore /mnt/backup/runwright --data /srv/runwright\n"
      "  runwright server --data /srv/runwright\n"
      "The server's first start writes a new token for you; those that others have stay valid.");
  app->add_option("backup", o.backup, "folder of the backup")->required();
  app->add_option("--data", o.data, "a new or empty folder")->required();
  app->add_flag("--partial", o.partial, "of a damaged backup, restore what is whole");
}

void DeclareCompletion(Grammar& grammar) {
  auto& o = grammar.New<CompletionOptions>();
  CLI::App* app = grammar.Leaf<CompletionOptions>(
      &grammar.app(), "completion", "A completion script for your shell", o, nullptr,
      "  source <(runwright completion bash)\n"
      "  runwright completion zsh > ~/.zfunc/_runwright");
  app->add_option("shell", o.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace rw::cli
