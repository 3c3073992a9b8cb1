#include <gtest/gtest.h>
#include <unistd.h>

#include "base/strings.h"
#include "cli/environment_choice.h"
#include "cli/exit_codes.h"
#include "cli/git_info.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "os/file_system.h"

namespace rw::cli {
namespace {

Parsed Parse(const std::string& line) {
  std::vector<std::string> argv = Split("runwright " + line, ' ');
  return ParseArguments(argv);
}
template <class T>
T As(const Parsed& parsed) {
  EXPECT_TRUE(parsed.command) << parsed.text;
  return parsed.command ? std::get<T>(*parsed.command) : T{};
}

TEST(Arguments, WhatFollowsTheScriptIsTheScripts) {
  auto parsed = Parse(
      "submit -e digits --pip scikit-learn --pip joblib --tag a=b --follow train.py --json --lr "
      "0.1 -f");
  auto o = As<SubmitOptions>(parsed);
  EXPECT_FALSE(parsed.common.json);
  EXPECT_TRUE(o.follow);
  EXPECT_EQ(o.experiment, "digits");
  EXPECT_EQ(o.pip, (std::vector<std::string>{"scikit-learn", "joblib"}));
  EXPECT_EQ(o.words, (std::vector<std::string>{"train.py", "--json", "--lr", "0.1", "-f"}));
  EXPECT_EQ(As<SubmitOptions>(Parse("submit --nonsense train.py")).words[0], "--nonsense");
}

TEST(Arguments, CommonOptionsStandAnywhere) {
  for (const char* line : {"--json runs list", "runs list --json"})
    EXPECT_TRUE(Parse(line).common.json) << line;
  auto parsed = Parse("runs list --server http://h:1 -w ws --status Failed --status Canceled -n 5");
  EXPECT_EQ(parsed.common.server, "http://h:1");
  EXPECT_EQ(parsed.common.workspace, "ws");
  EXPECT_EQ(As<RunsOptions>(parsed).statuses.size(), 2u);
  EXPECT_EQ(As<RunsOptions>(parsed).limit, 5);
}

TEST(Arguments, EachActionIsItsOwn) {
  EXPECT_EQ(As<ServerOptions>(Parse("server --data /d --listen 127.0.0.1:0")).listen,
            "127.0.0.1:0");
  EXPECT_EQ(As<ServerOptions>(Parse("server status")).action, ServerAction::kStatus);
  EXPECT_EQ(As<ServerOptions>(Parse("server stop --data /d")).data, "/d");
  EXPECT_EQ(As<ServerOptions>(Parse("server stop --data /d")).action, ServerAction::kStop);
  EXPECT_EQ(As<RunsOptions>(Parse("runs cancel a b")).runs.size(), 2u);
  EXPECT_EQ(As<RunsOptions>(Parse("runs get r outputs/ -o x")).files[0], "outputs/");
  EXPECT_EQ(As<ComputeOptions>(Parse("compute update local --max-nodes 8")).max_nodes, 8);
  EXPECT_EQ(As<ModelsOptions>(Parse("models download m:3")).action, ModelsAction::kDownload);
  EXPECT_EQ(As<InitOptions>(Parse("init dir --data d")).dir, "dir");
  EXPECT_TRUE(As<LogsOptions>(Parse("logs -f r")).follow);
}

TEST(Arguments, HelpAndMistakes) {
  Parsed help = Parse("runs list --help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.text.find("Examples:"), std::string::npos);
  EXPECT_EQ(Parse("--version").text, "runwright 0.1.0\n");
  EXPECT_EQ(ParseArguments({"runwright"}).exit_code, 0);
  for (const char* wrong :
       {"nonsense", "runs", "runs show", "logs", "runs list --limit x", "completion tcsh"})
    EXPECT_EQ(Parse(wrong).exit_code, 2) << wrong;
}

TEST(Arguments, AnUnknownCommandNamesTheNearest) {
  auto parsed = Parse("sumbit train.py");
  EXPECT_EQ(parsed.exit_code, 2);
  EXPECT_NE(parsed.text.find("Did you mean 'submit'?"), std::string::npos) << parsed.text;
}

TEST(Arguments, TheTreeHasEveryCommand) {
  CommandTree tree = AllCommands();
  std::vector<std::string> names;
  for (const CommandTree& child : tree.children) names.push_back(child.name);
  EXPECT_EQ(Join(names, " "),
            "init server submit runs logs compute models env open sync secrets sources backup "
            "restore gc doctor "
            "completion");
}

/// api/errors.yaml is the one table.
TEST(ExitCodes, AreThoseOfTheErrorTable) {
  std::string text = *os::ReadFile(os::PosixFileSystem(), "api/errors.yaml");
  int seen = 0;
  for (const std::string& line : Split(text, '\n')) {
    size_t colon = line.find(':');
    size_t exit = line.find("exit: ");
    if (line.starts_with('#') || exit == std::string::npos) continue;
    int64_t wanted = *ParseInt(line.substr(exit + 6, line.find('}', exit) - exit - 6));
    for (int i = 0; i <= static_cast<int>(Code::kInternal); i++) {
      if (CodeName(static_cast<Code>(i)) != line.substr(0, colon)) continue;
      EXPECT_EQ(ExitCode(static_cast<Code>(i)), wanted) << line;
      seen++;
    }
  }
  EXPECT_EQ(seen, static_cast<int>(Code::kInternal) + 1);
}

TEST(Tables, FitTheTerminalAndKeepIds) {
  Terminal narrow(24, false);
  std::string text =
      narrow.Table({{"ID"}, {"TEXT", true}}, {{"0123456789", "a very long text that is cut"}});
  EXPECT_EQ(text, "ID          TEXT\n0123456789  a very long\xe2\x80\xa6\n");
  EXPECT_EQ(Terminal(0, false).Table({{"A"}, {"N", false, true}}, {{"x", "1"}, {"y\x1b[2J", "22"}}),
            "A       N\nx       1\ny [2J  22\n");
  EXPECT_EQ(Terminal(0, true).Paint("x", Color::kRed), "\x1b[31mx\x1b[0m");
}

TEST(Tables, TimesAreTheUsers) {
  setenv("TZ", "UTC-2", 1);
  tzset();
  EXPECT_EQ(LocalTime(json::Value("2026-11-21T12:00:00.000000Z")), "2026-11-21 14:00:00");
  EXPECT_EQ(LocalTime(json::Value()), "");
  EXPECT_EQ(Duration(json::Value("2026-11-21T12:00:00.000000Z"),
                     json::Value("2026-11-21T13:02:05.000000Z")),
            "1 h 02 m");
}

TEST(Git, StatusAndOrigin) {
  auto facts = ParseGitStatus("# branch.oid abc\n# branch.head main\n1 .M N... f\n");
  EXPECT_EQ(facts["commit"], "abc");
  EXPECT_EQ(facts["branch"], "main");
  EXPECT_EQ(facts["dirty"], "True");
  EXPECT_EQ(ParseGitStatus("# branch.oid (initial)\n").count("commit"), 0u);
  EXPECT_EQ(
      OriginUrl(
          "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://me:secret@host/x.git\n"),
      "https://host/x.git");
}

TEST(Requirements, AreReadAsPipReadsThem) {
  char pattern[] = "/tmp/rw_cli_test_XXXXXX";
  ASSERT_NE(mkdtemp(pattern), nullptr);
  std::string dir = pattern;
  os::FileSystem& fs = os::PosixFileSystem();
  ASSERT_TRUE(os::WriteFileAtomically(fs, dir + "/more.txt", "joblib\n"));
  ASSERT_TRUE(os::WriteFileAtomically(
      fs, dir + "/r.txt",
      "# all\nscikit-learn >= 1.0  # comment\n-r more.txt\n--index-url=https://i/simple\n"
      "pkg @ https://h/p.whl#sha256=1\nnumpy \\\n  <2\n\n"));
  json::Value spec = *ReadRequirements(dir + "/r.txt");
  EXPECT_EQ(
      json::Write(spec["requirements"]),
      "[\"scikit-learn >= 1.0\",\"joblib\",\"pkg @ https://h/p.whl#sha256=1\",\"numpy   <2\"]");
  EXPECT_EQ(spec.StringOr("index_url"), "https://i/simple");
  ASSERT_TRUE(os::WriteFileAtomically(fs, dir + "/bad.txt", "a\n--no-such\n"));
  EXPECT_NE(ReadRequirements(dir + "/bad.txt").error().message().find("bad.txt:2"),
            std::string::npos);
  ASSERT_TRUE(fs.RemoveTree(dir));
}

}  // namespace
}  // namespace rw::cli
