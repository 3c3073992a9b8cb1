#include "env/command_runner.h"

#include "env/testing/maker_fixture.h"

namespace rw::env {
namespace {

class CommandRunnerTest : public testing::MakerFixture {
 protected:
  Result<CommandOutcome> Run(const std::string& script, Command command = {}) {
    command.argv = {"/bin/sh", "-c", script};
    command.variables = {{"PATH", "/usr/bin:/bin"}};
    return Wait<CommandOutcome>([&](auto done) {
      runner_->Run(
          std::move(command), [this](std::string_view lines) { log_ += lines; }, done);
    });
  }
  std::string log_;
  std::unique_ptr<CommandRunner> runner_ = MakeCommandRunner(loop_);
};

TEST_F(CommandRunnerTest, LinesHaveNoControlCodesAndNoPasswords) {
  auto outcome = Run(
      "printf 'a \\033[31mred\\033[0m one\\n50%%\\r100%%\\nhttps://u:pw@h/x\\nwhole\\r\\nend' >&2;"
      "echo out; exit 3");
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  EXPECT_EQ(outcome->code, 3);
  EXPECT_EQ(outcome->out, "out\n");
  EXPECT_EQ(log_, "a red one\n100%\nhttps://****@h/x\nwhole\nend\n");
  EXPECT_EQ(outcome->words, log_);
  EXPECT_FALSE(outcome->cut);
}

TEST_F(CommandRunnerTest, OfAFloodTheBeginningIsToldAndTheEndKept) {
  auto outcome =
      Run("echo first >&2; yes 0123456789 | head -n 300000 >&2; printf 'last words' >&2");
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  EXPECT_TRUE(outcome->cut);
  EXPECT_TRUE(log_.starts_with("first\n"));
  EXPECT_TRUE(log_.ends_with("left out)\n"));
  EXPECT_LT(log_.size(), 1'300'000u);
  EXPECT_TRUE(outcome->words.ends_with("0123456789\nlast words\n"));
  EXPECT_LE(outcome->words.size(), size_t{256} << 10);
}

TEST_F(CommandRunnerTest, WhoTakesTooLongIsEndedWithItsLastWords) {
  Command command;
  command.limit_ms = 300;
  auto outcome = Run("echo working >&2; sleep 600", command);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::kDeadlineExceeded);
  EXPECT_NE(outcome.error().message().find("working"), std::string::npos);
}

TEST_F(CommandRunnerTest, ATerminalIsForProgramsThatLookForOne) {
  const std::string look = "if [ -t 2 ]; then printf 'terminal\\nhalf' >&2; else echo pipe >&2; fi";
  ASSERT_TRUE(Run(look));
  EXPECT_EQ(log_, "pipe\n");
  log_.clear();
  std::string seen;
  Command command;
  command.screen = [&](std::string_view bytes) {
    seen += bytes;
    return bytes == "\n" ? std::string("told at the end\n") : std::string();
  };
  ASSERT_TRUE(Run(look, command));
  EXPECT_EQ(seen, "terminal\nhalf\n") << "as it was written: no carriage returns";
  EXPECT_EQ(log_, "told at the end\n");
}

}  // namespace
}  // namespace rw::env
