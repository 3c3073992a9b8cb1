#include "executor/failure.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "executor/traceback.h"

namespace rw::executor {
namespace {

constexpr char kWork[] = "/data/runs/r1/work";

json::Value Describe(Outcome outcome, const std::string& log) {
  LaunchPlan plan;
  plan.script = "train.py";
  plan.interpreter = "/usr/bin/python";
  Ending ending;
  ending.outcome = outcome;
  ending.log_tail = log;
  return DescribeEnding(ending, plan, kWork);
}

TEST(Failure, NamesExceptionFileAndLine) {
  json::Value error = Describe({Outcome::Kind::kCode, 1}, R"(epoch 1
Traceback (most recent call last):
  File "/data/runs/r1/work/train.py", line 12, in <module>
    main()
  File "/data/runs/r1/work/lib/model.py", line 40, in main
    return numpy.load(path)
  File "/usr/lib/python3/dist-packages/numpy/lib/npyio.py", line 405, in load
    fid = stack.enter_context(open(os_fspath(file), "rb"))
          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
FileNotFoundError: [Errno 2] No such file or directory: 'x.npy'
)");
  EXPECT_EQ(error.StringOr("code"), "UserError");
  EXPECT_EQ(error.StringOr("exception_type"), "FileNotFoundError");
  EXPECT_EQ(error.StringOr("exception_message"), "[Errno 2] No such file or directory: 'x.npy'");
  EXPECT_EQ(error.StringOr("file"), "lib/model.py") << "the user's own frame, not the library's";
  EXPECT_EQ(error.IntOr("line", 0), 40);
  EXPECT_EQ(error.IntOr("exit_code", 0), 1);
  EXPECT_TRUE(
      error.StringOr("message").starts_with("User program failed with FileNotFoundError: "));
  EXPECT_TRUE(error.StringOr("traceback").starts_with("Traceback (most"));
  EXPECT_EQ(error["last_lines"].as_array()[0].as_string(), "epoch 1");
}

TEST(Failure, OfChainedExceptionsTheLastCounts) {
  auto found = LastTraceback(R"(Traceback (most recent call last):
  File "train.py", line 3, in <module>
    1 / 0
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "train.py", line 5, in <module>
    raise pkg.errors.Fatal("first\nsecond") from None
pkg.errors.Fatal: first
second
)",
                             kWork);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, "pkg.errors.Fatal");
  EXPECT_EQ(found->message, "first\nsecond");
  EXPECT_EQ(found->file, "train.py");
  EXPECT_EQ(found->line, 5);
}

TEST(Failure, ASyntaxErrorOfTheScriptHasNoHeader) {
  auto found = LastTraceback(R"(  File "/data/runs/r1/work/train.py", line 2
    x = = 1
        ^
SyntaxError: invalid syntax
)",
                             kWork);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, "SyntaxError");
  EXPECT_EQ(found->file, "train.py");
  EXPECT_EQ(found->line, 2);
}

TEST(Failure, AnExceptionWithoutAMessage) {
  auto found = LastTraceback(
      "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    "
      "g()\nKeyboardInterrupt\n",
      kWork);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, "KeyboardInterrupt");
  EXPECT_EQ(found->message, "");
}

TEST(Failure, ALoggedTracebackIsNotTheReasonOfAnotherExitCode) {
  const char log[] =
      "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: caught\nwent "
      "on\n";
  json::Value error = Describe({Outcome::Kind::kCode, 7}, log);
  EXPECT_EQ(error.StringOr("message"), "User program ended with exit code 7");
  EXPECT_TRUE(error["exception_type"].is_null());
  EXPECT_EQ(error.IntOr("exit_code", 0), 7);
}

TEST(Failure, NoTracebackAtAll) {
  EXPECT_FALSE(LastTraceback("", kWork));
  EXPECT_FALSE(LastTraceback("Traceback (most recent call last):", kWork));
  EXPECT_FALSE(
      LastTraceback("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n", kWork))
      << "cut off before its last line";
  EXPECT_FALSE(LastTraceback("  File \"a.py\", line 1\nplain text: yes\n", kWork));
  json::Value error = Describe({Outcome::Kind::kCode, 3}, "one\ntwo\n");
  EXPECT_EQ(error["last_lines"].as_array().size(), 2u);
}

TEST(Failure, SuccessIsNoFailure) {
  EXPECT_TRUE(
      Describe({Outcome::Kind::kCode, 0}, "Traceback (most recent call last):\n").is_null());
}

TEST(Failure, SignalsAreNamedWithAdvice) {
  json::Value killed = Describe({Outcome::Kind::kSignal, 9}, "");
  EXPECT_EQ(killed.StringOr("message"), "User program was killed by SIGKILL");
  EXPECT_NE(killed.StringOr("next_step").find("memory"), std::string::npos);
  EXPECT_EQ(killed.IntOr("signal", 0), 9);
  json::Value crashed = Describe({Outcome::Kind::kSignal, 11}, "");
  EXPECT_NE(crashed.StringOr("next_step").find("PYTHONFAULTHANDLER"), std::string::npos);
}

TEST(Failure, AMissingInterpreterIsNamed) {
  json::Value error = Describe({Outcome::Kind::kExecFailed, ENOENT}, "");
  EXPECT_NE(error.StringOr("message").find("/usr/bin/python"), std::string::npos);
  EXPECT_NE(error.StringOr("next_step").find("interpreter_path"), std::string::npos);
}

TEST(Failure, ProgressBarsShowWhatWasLeftStanding) {
  auto lines = LastLines("10%\r20%\r100%\nend \xff\r\n\n\n", 20);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "100%");
  EXPECT_EQ(lines[1], "end \xEF\xBF\xBD");
  EXPECT_EQ(LastLines("1\n2\n3\n", 2), (std::vector<std::string>{"2", "3"}));
}

json::Value Killed(int signal, UsageRecord usage, int64_t peak) {
  LaunchPlan plan;
  plan.script = "train.py";
  Ending ending;
  ending.outcome = {Outcome::Kind::kSignal, signal};
  ending.usage = usage;
  ending.usage.memory_bytes = 25'000'000'000;
  ending.peak_bytes = peak;
  return DescribeEnding(ending, plan, kWork);
}

TEST(Failure, DeathsAreNamed) {
  EXPECT_EQ(Killed(11, {}, 5).StringOr("message"), "User program was killed by SIGSEGV");
  EXPECT_EQ(Killed(9, {}, 23'100'000'000).StringOr("message"),
            "User program was killed by SIGKILL");
  UsageRecord group;
  group.group_oom = 1;
  EXPECT_EQ(Killed(9, group, 23'140'000'000).StringOr("message"),
            "User program was killed by SIGKILL; the machine's OOM killer ended it at 23.1 GB");
  UsageRecord machine;
  machine.machine_oom_before = 3;
  machine.machine_oom = 4;
  EXPECT_EQ(Killed(9, machine, 23'100'000'000).StringOr("message"),
            "User program was killed by SIGKILL; probably the machine's OOM killer ended it at "
            "23.1 GB");
  EXPECT_EQ(Killed(9, machine, 30'000'000).StringOr("message"),
            "User program was killed by SIGKILL")
      << "too small for the OOM killer to have chosen it";
  machine.group_oom = 0;
  EXPECT_EQ(Killed(9, machine, 23'100'000'000).StringOr("message"),
            "User program was killed by SIGKILL")
      << "its own group says that it was another process";
}

}  // namespace
}  // namespace rw::executor
