#include "cli/options.h"

#include "base/strings.h"
#include "cli/grammar.h"
#include "cli/version.h"

namespace rw::cli {
namespace {

/// CLI11 does not know that submit takes what it leaves over.
std::string WithScript(std::string help) {
  constexpr std::string_view kUsage = "runwright submit [OPTIONS]";
  size_t at = help.find(kUsage);
  if (at != std::string::npos) help.insert(at + kUsage.size(), " SCRIPT [ARGUMENTS...]");
  return help;
}

CommandTree Describe(const CLI::App& app) {
  CommandTree tree{app.get_name(), {}, {}};
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) tree.options.push_back("--" + name);
  for (const CLI::App* sub :
       app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
    tree.children.push_back(Describe(*sub));
  return tree;
}

}  // namespace

Grammar::Grammar()
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
  DeclareInit(*this);
  DeclareServer(*this);
  DeclareSubmit(*this);
  DeclareRuns(*this);
  DeclareLogs(*this);
  DeclareCompute(*this);
  DeclareModels(*this);
  DeclareEnv(*this);
  DeclareOpen(*this);
  DeclareSync(*this);
  DeclareSecrets(*this);
  DeclareSources(*this);
  DeclareBackup(*this);
  DeclareRestore(*this);
  DeclareGc(*this);
  DeclareDoctor(*this);
  DeclareCompletion(*this);
  DeclareSnapshot(*this);
}

Parsed Grammar::Parse(std::vector<std::string> arguments) {
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

bool Grammar::IsUnknown(const std::string& word) const {
  auto named = [&](const CLI::App* one) { return one->get_name() == word; };
  return !word.empty() && word[0] != '-' && app_.get_subcommands(named).empty();
}

std::string Grammar::UnknownCommand(const std::string& word) const {
  std::vector<std::string> known;
  for (const CLI::App* one : app_.get_subcommands([](const CLI::App*) { return true; }))
    if (!one->get_group().empty()) known.push_back(one->get_name());
  std::vector<std::string> near = NearMatches(word, known, 1);
  return "runwright: there is no command '" + word + "'." +
         (near.empty() ? "" : " Did you mean '" + near[0] + "'?") +
         " `runwright --help` lists them.\n";
}

CommandTree Grammar::Tree() const { return Describe(app_); }

void Grammar::Common(CLI::App* app) {
  app->add_option("--server", common_.server, "URL of the server, e.g. http://127.0.0.1:4242")
      ->group("Common");
  app->add_option("-w,--workspace", common_.workspace, "name of the workspace")->group("Common");
  app->add_flag("--json", common_.json, "print JSON for programs")->group("Common");
  app->add_flag("--no-color", common_.no_color, "never use colours")->group("Common");
}

CLI::App* Grammar::Group(const char* name, const char* help) {
  CLI::App* group = app_.add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

void Grammar::Repeatable(CLI::App* app, const char* name, std::vector<std::string>& into,
                         const char* help) {
  app->add_option(name, into, help)->allow_extra_args(false);
}

Parsed ParseArguments(const std::vector<std::string>& argv) {
  Grammar grammar;
  std::vector<std::string> arguments(argv.begin() + (argv.empty() ? 0 : 1), argv.end());
  if (arguments.empty()) arguments.push_back("--help");
  return grammar.Parse(std::move(arguments));
}

CommandTree AllCommands() { return Grammar().Tree(); }

}  // namespace rw::cli
