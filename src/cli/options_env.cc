// env, sources.
#include "cli/grammar.h"

namespace rw::cli {
namespace {

void EnvSource(EnvOptions& o, CLI::App* app) {
  app->add_option("name", o.name, "NAME, NAME:VERSION, run, or digits of an env_id");
  app->add_option("--env-file", o.env_file, "requirements.txt, in place of a name");
  Grammar::Repeatable(app, "--pip", o.pip, "package, in place of a name, repeatable");
  app->add_option("--python", o.python, "with --pip or --env-file: the Python version");
}

}  // namespace

void DeclareEnv(Grammar& grammar) {
  auto& o = grammar.New<EnvOptions>();
  CLI::App* group = grammar.Group(
      "env", "Environments and builds: list, show, build, lock, diff, export, gc, doctor");
  grammar.Leaf(group, "list", "Registered environments, and what is built", o, EnvAction::kList,
               "  runwright env list");
  CLI::App* show = grammar.Leaf(
      group, "show", "Spec, lock, substitutions, Python and place", o, EnvAction::kShow,
      "  runwright env show my-env\n  runwright env show my-env:2\n  runwright env show RUN\n"
      "  runwright env show 3f2a91c0b7de    (digits of an env_id or build_id)");
  show->add_option("name", o.name, "NAME, NAME:VERSION, run, or digits of an id")->required();
  show->add_option("--version", o.version, "of the environment; default the latest");
  EnvSource(o,
            grammar.Leaf(group, "build", "Make it now, and show the log; without a run", o,
                         EnvAction::kBuild,
                         "  runwright env build my-env\n"
                         "  runwright env build --env-file requirements.txt --python 3.11\n"
                         "Ctrl-C ends the watching, not the build. Exit code 1 where it fails."));
  CLI::App* lock = grammar.Leaf(
      group, "lock", "The exact versions; resolved now where they were not", o, EnvAction::kLock,
      "  runwright env lock my-env\n"
      "  runwright env lock --pip pandas --pip scikit-learn -o lock.txt\n"
      "  runwright env lock my-env --upgrade    (runs that wait keep theirs)\n"
      "What is resolved is built too, in the background; --upgrade waits for "
      "the build.");
  EnvSource(o, lock);
  lock->add_flag("--upgrade", o.upgrade, "resolve anew, and keep the new versions");
  lock->add_option("-o,--output", o.output, "write this file");
  CLI::App* diff =
      grammar.Leaf(group, "diff", "What changed from A to B", o, EnvAction::kDiff,
                   "  runwright env diff my-env:1 my-env:2\n"
                   "  runwright env diff RUN_THAT_WORKED RUN_THAT_FAILED\n"
                   "  runwright env diff 3f2a91c0b7de my-env\n"
                   "Packages, Python, variables, image, framework, channels, indexes.");
  diff->add_option("a", o.name, "NAME, NAME:VERSION, run, or digits of an id")->required();
  diff->add_option("b", o.other, "the same")->required();
  CLI::App* out =
      grammar.Leaf(group, "export", "A file that rebuilds it elsewhere", o, EnvAction::kExport,
                   "  runwright env export my-env > requirements.txt\n"
                   "  runwright env export RUN --format conda -o environment.yml\n"
                   "  runwright env export my-env --format containerfile -o Containerfile");
  out->add_option("name", o.name, "NAME, NAME:VERSION, run, or digits of an id")->required();
  out->add_option("--format", o.format, "requirements, conda or containerfile")
      ->capture_default_str()
      ->check(CLI::IsMember({"requirements", "conda", "containerfile"}));
  out->add_option("-o,--output", o.output, "write this file");
  CLI::App* gc =
      grammar.Leaf(group, "gc", "Remove builds that nobody used for long", o, EnvAction::kGc,
                   "  runwright env gc --dry-run\n"
                   "  runwright env gc --unused-days 7\n"
                   "Without --unused-days the rule build_days counts (`runwright gc "
                   "--rules`).");
  gc->add_flag("--dry-run", o.dry_run, "remove nothing");
  gc->add_option("--unused-days", o.unused_days, "those unused for so long; 0: all but used");
  grammar
      .Leaf(group, "doctor", "Changed builds, leftovers, missing interpreters, disk", o,
            EnvAction::kDoctor, "  runwright env doctor\n  runwright env doctor --deep")
      ->add_flag("--deep", o.deep, "read every installed file, not only its size");
}

void DeclareSources(Grammar& grammar) {
  auto& o = grammar.New<SourcesOptions>();
  CLI::App* group =
      grammar.Group("sources", "Where downloads of scripts come from instead: add, list, rm");
  auto leaf = [&](const char* name, const char* help, SourcesAction action, const char* examples) {
    return grammar.Leaf(group, name, help, o, action, examples);
  };
  CLI::App* add =
      leaf("add", "Map a URL prefix to a folder or a mirror", SourcesAction::kAdd,
           "  runwright sources add http://yann.lecun.com/exdb/mnist/ /data/mnist\n"
           "  runwright sources add https://example.org/files https://mirror.local/files\n"
           "  runwright sources add --from sources.json    {\"rules\": [{\"prefix\": URL, "
           "\"folder\": PATH}]}\n"
           "What Python code in a run downloads from below PREFIX (urllib, requests) is then read "
           "from the\n"
           "folder; each file read so is named in the run's warnings. The longest prefix wins.");
  auto* prefix = add->add_option("prefix", o.prefix, "beginning of URLs, http or https");
  auto* to = add->add_option("folder", o.to, "folder, or the URL of a mirror");
  prefix->needs(to);
  add->add_option("--from", o.from, "JSON file of rules")->excludes(prefix);
  leaf("list", "The rules, the longest prefix first", SourcesAction::kList,
       "  runwright sources list");
  leaf("rm", "Remove a rule", SourcesAction::kRemove,
       "  runwright sources rm http://yann.lecun.com/exdb/mnist/")
      ->add_option("prefix", o.prefix, "as in the list")
      ->required();
}

}  // namespace rw::cli
